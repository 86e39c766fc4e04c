// The CSRs of cve2 and Ibex: what they hold, and what becomes of other values (core, table of CSRs; measured on the RTL).
#include "check.h"

// Writing `value` to the CSR makes it read `now`.
.macro check_csr line, csr, value, now
    begin_check \line
    li a0, \value
    csrw \csr, a0
    csrr a1, \csr
    li t6, \now
    bne a1, t6, fail
    end_check
.endm
#define BECOMES(csr, value, now) check_csr __LINE__, csr, value, now
// It reads `value`, and no write changes it.
.macro check_fixed line, csr, value
    begin_check \line
    csrr a0, \csr
    li t6, \value
    bne a0, t6, fail
    li a1, -1
    csrw \csr, a1
    csrr a0, \csr
    bne a0, t6, fail
    csrw \csr, zero
    csrr a0, \csr
    bne a0, t6, fail
    csrs \csr, a1
    csrr a0, \csr
    bne a0, t6, fail
    csrc \csr, a1
    csrr a0, \csr
    bne a0, t6, fail
    end_check
.endm
#define FIXED(csr, value) check_fixed __LINE__, csr, value
#define READS(csr, value) csrr a0, csr; check_equal __LINE__, a0, value

main:
    // Identity.
#if defined(CVE2)
    READS(mvendorid, 0x602)
    READS(marchid, 35)
    READS(mimpid, 0)
#else
    READS(mvendorid, 0)
    READS(marchid, 22)
    READS(mimpid, 0)
#endif
    READS(mhartid, 0)
    READS(0xf15, 0)                             // mconfigptr

    FIXED(misa, 0x40101104)

    // mstatus: TW, MPRV, MPP, MPIE, MIE and no others. mie is 0, so MIE = 1 does no harm.
    BECOMES(mstatus, -1, 0x00221888)
    BECOMES(mstatus, 0, 0)
    BECOMES(mstatus, 0xffffffff&~0x00221888, 0)
    BECOMES(mstatus, 0x00000008, 0x00000008)
    BECOMES(mstatus, 0x00000080, 0x00000080)
    BECOMES(mstatus, 0x00020000, 0x00020000)
    BECOMES(mstatus, 0x00200000, 0x00200000)
    BECOMES(mstatus, 0x00001800, 0x00001800)
#if defined(CVE2)
    BECOMES(mstatus, 0x00000800, 0x00001800)    // MPP 01 and 10 become M on cve2, U on Ibex
    BECOMES(mstatus, 0x00001000, 0x00001800)
#else
    BECOMES(mstatus, 0x00000800, 0)
    BECOMES(mstatus, 0x00001000, 0)
#endif
    csrw mstatus, zero

    // mtvec: (v & ~0xff) | 1, always vectored.
    BECOMES(mtvec, -1, 0xffffff01)
    BECOMES(mtvec, 0, 1)
    BECOMES(mtvec, 0x000000fe, 1)
    BECOMES(mtvec, 0x12345678, 0x12345601)
    BECOMES(mtvec, 0x80000100, 0x80000101)
    la a0, trap_vectors
    csrw mtvec, a0                              // without bit 0: vectored all the same
    TRAPS(ECALL_M, 0, ecall)

    BECOMES(mscratch, -1, -1)
    BECOMES(mscratch, 0x5aa50ff0, 0x5aa50ff0)
    BECOMES(mepc, -1, 0xfffffffe)
    BECOMES(mepc, 0x00000003, 0x00000002)
    BECOMES(mepc, 0x80000001, 0x80000000)
    BECOMES(mtval, -1, -1)
    BECOMES(mtval, 0x12345678, 0x12345678)
    BECOMES(mcause, 0, 0)
    BECOMES(mcause, 11, 11)
    BECOMES(mcause, 0x8000001e, 0x8000001e)
#if defined(CVE2)
    BECOMES(mcause, -1, 0x8000003f)             // bits 31 and 5:0
    BECOMES(mcause, 0x7fffffff, 0x0000003f)
    BECOMES(mcause, 0x80000020, 0x80000020)
    BECOMES(mcause, 0x00000040, 0)
#else
    BECOMES(mcause, -1, -1)
#endif

    // mie: the three standard interrupts and the fast ones, 16 of cve2, 15 of Ibex. MIE = 0 here.
#if defined(CVE2)
    BECOMES(mie, -1, 0xffff0888)
#else
    BECOMES(mie, -1, 0x7fff0888)
#endif
    BECOMES(mie, 0x0000f777, 0)
    BECOMES(mie, 0x00010000, 0x00010000)
    BECOMES(mie, 0x40000000, 0x40000000)
    csrw mie, zero
    // mip: the lines themselves. No timer interrupt: mtimecmp = 2^64 - 1.
    li a1, CLINT_MTIMECMP
    li a0, -1
    sw a0, 0(a1)
    sw a0, 4(a1)
    li a1, CLINT_MSIP
    sw zero, 0(a1)
    FIXED(mip, 0)
    li a1, CLINT_MSIP                           // the checks use a0 and a1
    li a0, 1
    sw a0, 0(a1)
    FIXED(mip, MSI)                             // not and-ed with mie
    li a1, CLINT_MSIP
    sw zero, 0(a1)
    FIXED(mip, 0)

    // Legal, and always zero.
    FIXED(mstatush, 0)
    FIXED(0x30a, 0)                             // menvcfg
    FIXED(0x31a, 0)                             // menvcfgh
    FIXED(0x7c1, 0)                             // secureseed
#if defined(CVE2)
    FIXED(mcounteren, 0)
#else
    li a0, -1
    csrw mcounteren, a0
    csrr a0, mcounteren
    li a1, 0xffffe007                           // how many of bits 12:3 there are is a matter of configuration
    and a0, a0, a1
    EQUAL(a0, 5)
    csrw mcounteren, zero
    READS(mcounteren, 0)
    READS(0x7c0, 0)                             // cpuctrlsts
#endif

    // mcountinhibit: bits 0 and 2, and those of the counters that there are; cve2 shows ones for the others, not at 1.
#if defined(CVE2)
    li a2, 0xffffe000
#else
    li a2, 0
#endif
    li a3, 0xffffe007
    .irp bits, 0, 1, 4, 5
    csrwi mcountinhibit, \bits
    csrr a0, mcountinhibit
    and a0, a0, a3
    ori a1, a2, \bits
    check_registers __LINE__, a0, a1
    .endr
    li a0, -1
    csrw mcountinhibit, a0
    csrr a0, mcountinhibit
    and a0, a0, a3
    ori a1, a2, 5
    SAME(a0, a1)
    csrw mcountinhibit, zero

    // Counters and events beyond the tenth are not there: zero.
    FIXED(mhpmcounter13, 0)
    FIXED(mhpmcounter13h, 0)
    FIXED(mhpmcounter31, 0)
    FIXED(mhpmcounter31h, 0)
    FIXED(mhpmevent13, 0)
    FIXED(mhpmevent31, 0)

    // The trigger: one, whose registers ignore writes outside Debug Mode.
    FIXED(tselect, 0)
    FIXED(tdata1, 0x28001048)
    FIXED(tdata2, 0)
    FIXED(tdata3, 0)
    FIXED(0x7a8, 0)                             // mcontext
    FIXED(0x7aa, 0)                             // mscontext
    PASS()
