// CSRs after reset (P 3.4, and core, "Reset / vectors" and the table of CSRs).
#define OWN_START
#include "check.h"

    .section .text.start
    .globl _start
_start:
    csrr a0, mstatus
    csrr a1, misa
    csrr a2, mcause
    csrr a3, mtvec
    csrr a4, mcountinhibit
    csrr a5, mcounteren
    csrr s0, mie
1:  auipc s1, 0
    j frame_start

    .text
main:
    // mstatus: cve2 MPP = M, Ibex MPIE = 1 and MPP = U (core). The manual asks for MIE = MPRV = 0 (P 3.4).
#if defined(CVE2)
    EQUAL(a0, 0x00001800)
#elif defined(IBEX)
    EQUAL(a0, 0x00000080)
#else
    li a6, MSTATUS_MPRV|MSTATUS_MIE
    and a0, a0, a6
    EQUAL(a0, 0)
#endif
    EQUAL(a1, 0x40101104)
    EQUAL(a2, 0)                                // no difference between causes of reset: 0 (P 3.4)
    ADDRESS(s1, 1b)
    // The frame's _start is at 0x80000080: mtvec = {boot address[31:8], 0x01} (core).
#if defined(CVE2) || defined(IBEX)
    EQUAL(a3, 0x80000001)
#endif
    // mcountinhibit: what is not implemented reads 1 on cve2, 0 on Ibex; how many there are is a matter of configuration.
#if defined(CVE2)
    srli a6, a4, 13
    EQUAL(a6, 0x7ffff)
    EQUAL(a5, 0)                                // mcounteren reads zero
#elif defined(IBEX)
    EQUAL(a4, 0)
#endif
    andi a4, a4, 7
    EQUAL(a4, 0)                                // cycle and instret count
    PASS()
