// Start code and trap vectors, the same for all boards. The board's header says where they are:
// ENTRY_OFFSET is the distance of the first instruction from the beginning of the program; 0 puts
// the vectors 256 bytes behind it, else they are the first thing. BOOT_VECTORS: after reset mtvec
// points to them already.

#include BOARD

    .option norvc
    .option norelax
    .section .start, "ax"
    .globl _start
    .globl vectors

#if ENTRY_OFFSET == 0
_start:
    j reset
    .balign 256
#endif

vectors:                // 256-byte aligned, as cve2 and Ibex need it; one jump for each cause.
    j exception_entry
    .rept 6
    j stray_entry
    .endr
    j timer_entry       // 7: machine timer
    .rept 24
    j stray_entry
    .endr

#if ENTRY_OFFSET != 0
    .org ENTRY_OFFSET
_start:
    j reset
#endif

    .text
reset:
    la sp, stack_end
#ifdef BOOT_VECTORS
    // Only a core whose mtvec has a direct mode may have to be told that these are vectors.
    csrr t0, mtvec
    andi t0, t0, 1
    bnez t0, 1f
    csrsi mtvec, 1
1:
#else
    la t0, vectors + 1
    csrw mtvec, t0
#endif
    la t0, data_load
    la t1, data_start
    la t2, data_end
    beq t0, t1, 3f      // It is where it belongs.
2:  bgeu t1, t2, 3f
    lw t3, 0(t0)
    sw t3, 0(t1)
    addi t0, t0, 4
    addi t1, t1, 4
    j 2b
3:  la t1, bss_start
    la t2, bss_end
4:  bgeu t1, t2, 5f
    sw zero, 0(t1)
    addi t1, t1, 4
    j 4b
5:  call main
6:  j 6b

// Saves what a C function may change, calls it, and returns to mepc.
    .macro entry name, handler
\name:
    addi sp, sp, -64
    sw ra, 0(sp)
    sw t0, 4(sp)
    sw t1, 8(sp)
    sw t2, 12(sp)
    sw a0, 16(sp)
    sw a1, 20(sp)
    sw a2, 24(sp)
    sw a3, 28(sp)
    sw a4, 32(sp)
    sw a5, 36(sp)
    sw a6, 40(sp)
    sw a7, 44(sp)
    sw t3, 48(sp)
    sw t4, 52(sp)
    sw t5, 56(sp)
    sw t6, 60(sp)
    call \handler
    lw ra, 0(sp)
    lw t0, 4(sp)
    lw t1, 8(sp)
    lw t2, 12(sp)
    lw a0, 16(sp)
    lw a1, 20(sp)
    lw a2, 24(sp)
    lw a3, 28(sp)
    lw a4, 32(sp)
    lw a5, 36(sp)
    lw a6, 40(sp)
    lw a7, 44(sp)
    lw t3, 48(sp)
    lw t4, 52(sp)
    lw t5, 56(sp)
    lw t6, 60(sp)
    addi sp, sp, 64
    mret
    .endm

    entry exception_entry, on_exception
    entry timer_entry, on_timer
    entry stray_entry, on_stray
