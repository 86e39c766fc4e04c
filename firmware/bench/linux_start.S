# A Linux process without a C library: keeps the stack's address, calls main(), exits with its result.

        .equ    EXIT_GROUP, 94

        .section .text.start, "ax", @progbits
        .globl  _start
        .type   _start, @function
_start:
        .option push
        .option norelax                         # gp is what relaxation is relative to
        la      gp, __global_pointer$
        .option pop
        la      t0, bench_stack
        sw      sp, 0(t0)
        andi    sp, sp, -16
        call    main
        li      a7, EXIT_GROUP
        ecall
        .size   _start, . - _start
