# Start-up code: reset in, main() called, exit code out through the platform's test finisher.
#
# The trap handler saves nothing, because nobody returns from it: under a permanent fault an exception is
# a result to be reported, and the fewer instructions report it, the less there is to go wrong. No
# instruction of this file multiplies or divides.

        .equ    FINISHER, 0x100000
        .equ    FINISHER_PASS, 0x5555
        .equ    FINISHER_FAIL, 0x3333           # exit code in bits 31:16
        .equ    EXIT_EXCEPTION, 0x40
        .equ    EXIT_INTERRUPT, 0x60

        .section .text.start, "ax", @progbits
        .globl  _start
        .type   _start, @function
_start:
        .option push
        .option norelax                         # gp is what relaxation is relative to
        la      gp, __global_pointer$
        .option pop
        la      sp, __stack_top
        la      t0, trap_table
        ori     t0, t0, 1                       # vectored; cve2 and Ibex have no other mode
        csrw    mtvec, t0

        la      t0, __bss_start                 # both ends are word aligned (virt.ld)
        la      t1, __bss_end
1:      bgeu    t0, t1, 2f
        sw      zero, 0(t0)
        addi    t0, t0, 4
        j       1b

2:      call    main
        j       exit
        .size   _start, . - _start

# void exit(int code): the low 16 bits of code; never returns.
        .section .text.exit, "ax", @progbits
        .globl  exit
        .type   exit, @function
exit:
        li      t0, FINISHER
        slli    a0, a0, 16
        li      t1, FINISHER_PASS
        beqz    a0, 1f
        li      t1, FINISHER_FAIL
        or      t1, t1, a0
1:      sw      t1, 0(t0)
2:      j       2b                              # the store takes effect some instructions later
        .size   exit, . - exit

# Entry 0: exceptions. Entry n: interrupt n; cve2 puts its non-maskable interrupt at entry 32. The core
# clears bits 7:0 of mtvec, hence the alignment; an entry is 4 bytes, hence no compressed jumps.
        .section .text.trap, "ax", @progbits
        .balign 256
        .globl  trap_table
        .type   trap_table, @function
trap_table:
        .option push
        .option norvc
        .rept   33
        j       trap
        .endr
        .option pop
        .size   trap_table, . - trap_table

        .type   trap, @function
trap:
        csrr    t0, mcause
        andi    a0, t0, 31
        bltz    t0, 1f                          # bit 31: an interrupt
        addi    a0, a0, EXIT_EXCEPTION
        j       exit
1:      addi    a0, a0, EXIT_INTERRUPT
        j       exit
        .size   trap, . - trap
