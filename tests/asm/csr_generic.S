// CSRs of the generic core: RV32IMC with M- and U-mode as the manual describes it, and nothing more (P 2.2, 3.1).
#include "check.h"

    .macro check_illegal_csr line, csr
    check_traps \line, ILLEGAL, \csr<<20|0x25f3, .4byte \csr<<20|0x25f3
    .endm
#define ILL(csr) check_illegal_csr __LINE__, csr

main:
    csrr a0, misa
    EQUAL(a0, 0x40101104)                       // MXL = 1; I, M, C, U (P 3.1.1)
    csrr a0, mhartid
    EQUAL(a0, 0)
    csrr a0, mvendorid                          // these may have any value, and be zero
    csrr a0, marchid
    csrr a0, mimpid
    HERE()

    // mstatus: MIE, MPIE, MPP, MPRV, TW can be set and cleared; what S-mode, FP and vectors would have is zero.
    .irp bit, MSTATUS_MIE, MSTATUS_MPIE, MSTATUS_MPP, MSTATUS_MPRV, MSTATUS_TW
    li a0, \bit
    csrs mstatus, a0
    csrr a1, mstatus
    and a1, a1, a0
    check_registers __LINE__, a0, a1
    csrc mstatus, a0
    csrr a1, mstatus
    and a1, a1, a0
    check_registers __LINE__, a1, x0
    .endr
    csrw mstatus, zero
    csrr a1, mstatus
    EQUAL(a1, 0)
    li a0, 0x7f80ffff&~(MSTATUS_MIE|MSTATUS_MPIE|MSTATUS_MPP)
    csrw mstatus, a0
    csrr a1, mstatus
#ifndef QEMU                                    // QEMU 7.2 stores some fields without asking whether there is an S-mode
    EQUAL(a1, 0)
#endif
    csrw mstatus, zero

    // mscratch, mepc, mtval hold values (zicsr.S); mcause holds every cause of this core (P 3.1.15).
    .irp cause, 1, 2, 3, 5, 7, 8, 11, 0x80000003, 0x80000007, 0x8000000b
    li a0, \cause
    csrw mcause, a0
    csrr a1, mcause
    check_registers __LINE__, a0, a1
    .endr

    // mip: without sources nothing is pending but what the CLINT says; no bit can be written (P 3.1.9).
    li a0, CLINT_MTIMECMP
    li a1, -1
    sw a1, 4(a0)
    csrw mip, a1
    csrr a1, mip
#ifndef QEMU                                    // whose mip has writable bits of S-mode
    EQUAL(a1, 0)
#endif

    // mstatush: all zero here (P 3.1.6).
    csrr a1, mstatush
    EQUAL(a1, 0)

    // No S-mode, no N, F, V, H extensions, no Debug Mode.
    ILL(0x000)
    ILL(0x001)
    ILL(0x002)
    ILL(0x003)
    ILL(0x008)
    ILL(0x100)
    ILL(0x104)
    ILL(0x105)
    ILL(0x106)
    ILL(0x140)
    ILL(0x141)
    ILL(0x142)
    ILL(0x143)
    ILL(0x144)
    ILL(0x180)
    ILL(0x200)
#ifndef QEMU                                    // which has them all the same
    ILL(0x302)                                  // medeleg, mideleg: "should not exist" without S-mode (P 3.1.8)
    ILL(0x303)
#endif
    ILL(0x600)
    ILL(0x5a8)
    ILL(0x7b0)
    ILL(0x7b1)
    ILL(0xb01)                                  // there is no mtime CSR
    ILL(0xb81)
    ILL(0xc20)
    ILL(0xcff)
    ILL(0xe00)
    ILL(0x3ff)
    ILL(0x7ff)
    PASS()
