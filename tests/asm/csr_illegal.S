// CSRs that cve2 and Ibex do not have, or not outside Debug Mode (core; measured on the RTL).
#include "check.h"

    .macro check_illegal_csr line, csr
    check_traps \line, ILLEGAL, \csr<<20|0x25f3, .4byte \csr<<20|0x25f3         // csrr a1, csr
    .endm
#define ILL(csr) check_illegal_csr __LINE__, csr
#define ILL_WRITE(csr) TRAPS(ILLEGAL, csr<<20|0x51073, .4byte csr<<20|0x51073)  // csrw csr, a0

main:
    li a0, 0
    li a1, 0x77
    // The counters of U-mode: none on cve2; time on neither.
#if defined(CVE2)
    ILL(0xc00)
    ILL(0xc02)
    ILL(0xc03)
    ILL(0xc1f)
    ILL(0xc80)
    ILL(0xc82)
    ILL(0xc83)
    ILL(0xc9f)
    ILL(0x7c0)                                  // cpuctrl, against the documentation
    ILL_WRITE(0x7c0)
#endif
    ILL(0xc01)
    ILL(0xc81)
    // Debug Mode's.
    ILL(0x7b0)
    ILL(0x7b1)
    ILL(0x7b2)
    ILL(0x7b3)
    ILL_WRITE(0x7b0)
    ILL_WRITE(0x7b1)
    ILL_WRITE(0x7b2)
    // No PMP.
    ILL(0x3a0)
    ILL(0x3a1)
    ILL(0x3a2)
    ILL(0x3a3)
    ILL(0x3b0)
    ILL(0x3b1)
    ILL(0x3bf)
    ILL(0x747)                                  // mseccfg
    ILL(0x757)                                  // mseccfgh
    ILL_WRITE(0x3a0)
    ILL_WRITE(0x3b0)
    // No S-mode, no delegation, no resumable NMI.
    ILL(0x100)
    ILL(0x104)
    ILL(0x105)
    ILL(0x140)
    ILL(0x141)
    ILL(0x142)
    ILL(0x143)
    ILL(0x144)
    ILL(0x180)
    ILL(0x302)
    ILL(0x303)
    ILL(0x744)
    ILL(0x34a)                                  // mtinst
    // Holes between counters.
    ILL(0x321)
    ILL(0x322)
    ILL(0xb01)
    ILL(0xb81)
    ILL_WRITE(0xb01)
    // No F, no V, no H, nothing in these ranges.
    ILL(0x001)
    ILL(0x002)
    ILL(0x003)
    ILL(0x008)
    ILL(0x600)
    ILL(0x800)
    ILL(0xfff)
    // Read-only ones exist, but not to be written (address bits 11:10 = 11).
    ILL_WRITE(0xf11)
    ILL_WRITE(0xf12)
    ILL_WRITE(0xf13)
    ILL_WRITE(0xf14)
    ILL_WRITE(0xf15)
    EQUAL(a1, 0x77)
    PASS()
