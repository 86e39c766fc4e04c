// What every assembly test is made of: start code, trap handler, checks, and the end of the program.
//
// A program is a sequence of numbered checks. Its exit code is 0 if all hold, otherwise the number of the first that
// does not. CODE_MISSED says that the program came to its end without passing each check once.
//
// Comments in the programs say where an expected value comes from:
//   I ...   The RISC-V Instruction Set Manual, Volume I: Unprivileged ISA, document version 20191213, section
//   P ...   Volume II: Privileged Architecture, document version 20211203, section
//   core    measurements of the real RTL (facts/core.md), for what the manual leaves to the core
//
// The build defines one of CVE2, IBEX, GENERIC, QEMU, or none for a program that is the same everywhere.
//
// Registers that belong to the frame; the rest belong to the program:
//   gp  number of the check in progress         tp  checks passed           t6  scratch
//   s5  traps taken                             s6  link of the vector slot that the last trap came through
//   s7  mstatus at the last trap                s8  mcause    s9  mepc      s10 mtval
//   s11 where the next trap shall return to; 0: no trap is expected; or one of the two constants below

.option norvc           // Each instruction is the one that is written; programs for C switch it on.
.option norelax         // gp is not a global pointer here.

.equ CODE_MISSED, 118   // Exit codes above it are not the program's own (README, "One program").
.equ RETURN_TO_MEPC, 1
.equ RETURN_IN_MACHINE_MODE, 3     // After an ECALL.

// Causes (P 3.1.15).
.equ FETCH_FAULT, 1
.equ ILLEGAL, 2
.equ BREAKPOINT, 3
.equ LOAD_FAULT, 5
.equ STORE_FAULT, 7
.equ ECALL_U, 8
.equ ECALL_M, 11
.equ SOFTWARE_INTERRUPT, 0x80000003
.equ TIMER_INTERRUPT, 0x80000007

// Fields of mstatus (P 3.1.6), mie and mip (P 3.1.9).
.equ MSTATUS_MIE, 0x8
.equ MSTATUS_MPIE, 0x80
.equ MSTATUS_MPP, 0x1800
.equ MSTATUS_MPRV, 0x20000
.equ MSTATUS_TW, 0x200000
.equ MSI, 0x8
.equ MTI, 0x80
.equ MEI, 0x800

// The interrupt timer, at the same addresses as QEMU's.
.equ CLINT_MSIP, 0x02000000
.equ CLINT_MTIMECMP, 0x02004000
.equ CLINT_MTIME, 0x0200bff8

.equ NOWHERE, 0x08000000        // No board has anything here.

.set check_number, 0

// Begins a check: gp tells its number to whoever fails; .checks tells its line to the test driver.
.macro begin_check line
    .pushsection .checks, "", @progbits
    .word \line
    .popsection
    .set check_number, check_number+1
    li gp, check_number
.endm

.macro end_check
    addi tp, tp, 1
.endm

.macro check_equal line, reg, value
    begin_check \line
    li t6, \value
    bne \reg, t6, fail
    end_check
.endm

.macro check_address line, reg, symbol
    begin_check \line
    la t6, \symbol
    bne \reg, t6, fail
    end_check
.endm

.macro check_registers line, reg, other
    begin_check \line
    bne \reg, \other, fail
    end_check
.endm

// mtval of a breakpoint may be zero or its address (P 3.1.16). The generic core writes the address, as Spike does.
#if defined(GENERIC)
#define BREAKPOINT_HAS_ADDRESS 1
#else
#define BREAKPOINT_HAS_ADDRESS 0
#endif
.macro check_traps line, cause, value, insn:vararg
    begin_check \line
    li s8, -1
    la s11, 79f
78: \insn
    j fail
79: li t6, \cause
    bne s8, t6, fail
    la t6, 78b
    bne s9, t6, fail
    .if BREAKPOINT_HAS_ADDRESS && \cause == BREAKPOINT
    la t6, 78b
    .else
    li t6, \value
    .endif
    bne s10, t6, fail
    la t6, trap_vectors+4
    bne s6, t6, fail
    end_check
.endm

.macro check_rr line, op, a, b, value
    begin_check \line
    li a0, \a
    li a1, \b
    li a2, 0x5a5a5a5a
    \op a2, a0, a1
    li t6, \value
    bne a2, t6, fail
    li t6, \a
    bne a0, t6, fail
    li t6, \b
    bne a1, t6, fail
    end_check
.endm

.macro check_rr_dest_is_first line, op, a, b, value
    begin_check \line
    li a0, \a
    li a1, \b
    \op a0, a0, a1
    li t6, \value
    bne a0, t6, fail
    end_check
.endm

.macro check_rr_dest_is_second line, op, a, b, value
    begin_check \line
    li a0, \a
    li a1, \b
    \op a1, a0, a1
    li t6, \value
    bne a1, t6, fail
    end_check
.endm

.macro check_rr_one_source line, op, a, value
    begin_check \line
    li a0, \a
    \op a1, a0, a0
    li t6, \value
    bne a1, t6, fail
    \op a0, a0, a0
    bne a0, t6, fail
    end_check
.endm

.macro check_ri line, op, a, imm, value
    begin_check \line
    li a0, \a
    li a2, 0x5a5a5a5a
    \op a2, a0, \imm
    li t6, \value
    bne a2, t6, fail
    li t6, \a
    bne a0, t6, fail
    \op a0, a0, \imm
    li t6, \value
    bne a0, t6, fail
    end_check
.endm

.macro check_x0 line, insn:vararg
    begin_check \line
    \insn
    bnez x0, fail
    li t6, 0
    bne x0, t6, fail
    sltiu t6, x0, 1
    addi t6, t6, -1
    bnez t6, fail
    end_check
.endm

// reg = value; reg = address of symbol.
#define EQUAL(reg, value)           check_equal __LINE__, reg, value
#define ADDRESS(reg, symbol)        check_address __LINE__, reg, symbol
#define SAME(reg, other)            check_registers __LINE__, reg, other
// The instruction traps with this mcause and mtval, through the vector of exceptions, with mepc pointing at it.
#define TRAPS(cause, value, ...)    check_traps __LINE__, cause, value, __VA_ARGS__
// op rd, a, b gives value and leaves its sources alone; rd = rs1; rd = rs2; rs1 = rs2, with another rd and with the same.
#define RR(op, a, b, value)         check_rr __LINE__, op, a, b, value
#define RR_D1(op, a, b, value)      check_rr_dest_is_first __LINE__, op, a, b, value
#define RR_D2(op, a, b, value)      check_rr_dest_is_second __LINE__, op, a, b, value
#define RR_SAME(op, a, value)       check_rr_one_source __LINE__, op, a, value
// op rd, a, imm gives value, with another rd and with rd = rs1.
#define RI(op, a, imm, value)       check_ri __LINE__, op, a, imm, value
// x0 is still zero after the instruction.
#define X0_AFTER(...)               check_x0 __LINE__, __VA_ARGS__
// Execution came here (for code that a wrong jump would miss).
#define HERE()                      check_here __LINE__
.macro check_here line
    begin_check \line
    end_check
.endm

// The end of each program: all checks have been passed once.
#define PASS()                      end_of_program
.macro end_of_program
    .if check_number > 117
    .error "more checks than exit codes: split the program"
    .endif
    li gp, CODE_MISSED
    li t6, check_number
    bne tp, t6, fail
    li gp, 0
    j fail
.endm

// To U-mode, at the next instruction, with the other fields of mstatus unchanged.
.macro enter_user
    li t6, MSTATUS_MPP
    csrc mstatus, t6
    la t6, 77f
    csrw mepc, t6
    mret
77:
.endm

// Back to M-mode, at the next instruction.
.macro enter_machine
    li s11, RETURN_IN_MACHINE_MODE
    ecall
.endm

    .section .text.start
    // QEMU begins at the first address of RAM, others at _start.
    j _start
    .org 0x80
#ifndef OWN_START
    .globl _start
_start:
    j frame_start
#endif

    .text
frame_start:
    la t0, trap_vectors + 1         // Vectored: the only mode of cve2 and Ibex.
    csrw mtvec, t0
    csrw mie, zero
#if defined(QEMU) || defined(GENERIC)
    // QEMU and the generic core have PMP, and without an entry that allows it U-mode reaches nothing (P 3.7.1).
    li t0, -1
    csrw pmpaddr0, t0
    li t0, 0x1f
    csrw pmpcfg0, t0
#endif
    li gp, 0
    li tp, 0
    li s5, 0
    li s11, 0
    j main

    .balign 256                     // cve2 and Ibex force mtvec to a multiple of 256 (core).
trap_vectors:
    .rept 48
    jal s6, trap_entry
    .endr

// Uses no register of the program, and not t6 either: an interrupt may come in the middle of a check.
trap_entry:
    csrr s7, mstatus
    csrr s8, mcause
    csrr s9, mepc
    csrr s10, mtval
    addi s5, s5, 1
    beqz s11, fail
    bgez s8, 1f
    csrw mie, zero                  // The interrupt may still be pending; one is enough.
1:  addi s11, s11, -RETURN_TO_MEPC
    beqz s11, 3f
    addi s11, s11, RETURN_TO_MEPC-RETURN_IN_MACHINE_MODE
    beqz s11, 2f
    addi s11, s11, RETURN_IN_MACHINE_MODE
    csrw mepc, s11
    li s11, 0
    mret
2:  li s11, MSTATUS_MPP
    csrs mstatus, s11
    addi s11, s9, 4
    csrw mepc, s11
    li s11, 0
3:  mret

// Ends the program with exit code gp: through tohost (HTIF), and where that is only memory, through QEMU's finisher.
fail:
    slli t6, gp, 1
    ori t6, t6, 1
    la t5, tohost
    sw t6, 0(t5)
    li t5, 0x00100000
    li t6, 0x5555
    beqz gp, 1f
    slli t6, gp, 16
    li t4, 0x3333
    or t6, t6, t4
1:  sw t6, 0(t5)
2:  j 2b

    .section .tohost, "aw"
    .balign 8
    .globl tohost
tohost:
    .word 0, 0
    .globl fromhost
fromhost:
    .word 0, 0

    .text
    .balign 4
