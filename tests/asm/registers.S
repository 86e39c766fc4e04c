// The register file: x0 reads zero and cannot be written; the other 31 registers are 31 registers (I 2.1).
#include "check.h"

main:
    // Every register as rd, rs1 and rs2. Those of the frame are put aside in memory meanwhile.
    la t0, aside
    sw gp, 0(t0)
    sw tp, 4(t0)
    .irp n, 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    li x\n, 0x01010100+\n
    .endr
    // The XOR of all, each read as rs1, is that of the 31 constants: 0x01010100 (31 is odd) ^ (1 ^ 2 ^ ... ^ 31 = 0).
    xor x1, x1, x2
    .irp n, 3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    xor x1, x\n, x1
    .endr
    lui x2, 0x01010
    addi x2, x2, 0x100
    xor x1, x1, x2
    bnez x1, alias
    // The same with each read as rs2, and the sum: 31 * 0x01010100 + 496 = 0x1f1f20f0.
    li x1, 0x01010101
    li x2, 0x01010102
    .irp n, 2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    add x1, x1, x\n
    .endr
    li x2, 0x1f1f20f0
    bne x1, x2, alias
    // Each alone: all others are written with other values, then it is compared.
    .irp n, 3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    li x1, 0x01010100+\n
    bne x\n, x1, alias
    .endr
    j 1f
alias:
    li gp, 1
    j fail
1:  la t0, aside
    lw gp, 0(t0)
    lw tp, 4(t0)
    li s11, 0
    HERE()

    // Writes to x0 are ignored, by every kind of instruction that has an rd (I 2.1).
    li a0, -1
    la a1, aside
    X0_AFTER(addi x0, x0, 1)
    X0_AFTER(add x0, a0, a0)
    X0_AFTER(sub x0, x0, a0)
    X0_AFTER(xori x0, a0, 1)
    X0_AFTER(ori x0, a0, 1)
    X0_AFTER(andi x0, a0, -1)
    X0_AFTER(slti x0, a0, 0)
    X0_AFTER(sltu x0, x0, a0)
    X0_AFTER(slli x0, a0, 1)
    X0_AFTER(srl x0, a0, x0)
    X0_AFTER(sra x0, a0, a0)
    X0_AFTER(lui x0, 0xfffff)
    X0_AFTER(auipc x0, 0)
    X0_AFTER(jal x0, .+4)
    X0_AFTER(lw x0, 8(a1))
    X0_AFTER(lb x0, 8(a1))
    X0_AFTER(lhu x0, 8(a1))
    X0_AFTER(mul x0, a0, a0)
    X0_AFTER(mulh x0, a0, a1)
    X0_AFTER(mulhu x0, a0, a0)
    X0_AFTER(mulhsu x0, a0, a0)
    X0_AFTER(div x0, a0, a0)
    X0_AFTER(divu x0, a0, x0)
    X0_AFTER(rem x0, a0, x0)
    X0_AFTER(remu x0, a0, x0)
    X0_AFTER(csrrw x0, mscratch, a0)
    X0_AFTER(csrrs x0, mscratch, x0)
    X0_AFTER(csrrci x0, mscratch, 1)

    la t0, 1f
    jalr x0, 0(t0)
    j fail
1:  EQUAL(x0, 0)

    // x0 as a source is 0 whatever was written.
    li a0, 7
    add a1, a0, x0
    EQUAL(a1, 7)
    sub a1, x0, a0
    EQUAL(a1, -7)
    sll a1, a0, x0
    EQUAL(a1, 7)
    mul a1, a0, x0
    EQUAL(a1, 0)
    PASS()

    .data
    .balign 4
aside:
    .word 0, 0, 0xffffffff
