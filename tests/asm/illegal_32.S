// Words of 32 bits that are no instruction of RV32IMC: cause 2, mtval = the word (P 3.1.16; core), mepc at it, no effect.
#include "check.h"

#define ILL(insn) TRAPS(ILLEGAL, insn, .4byte insn)

main:
    li a0, 0x80200000                           // so that a decoder which takes one for a load or store does no harm
    li a1, 0x55

    ILL(0xffffffff)                             // all ones: illegal by definition (I 1.5)

    // LOAD: funct3 3 is LD, 6 is LWU (RV64I, I 5.3), 7 is reserved.
    ILL(0x00053583)
    ILL(0x00056583)
    ILL(0x00057583)
    // STORE: funct3 3 is SD (RV64I), 4 to 7 are reserved.
    ILL(0x00b53023)
    ILL(0x00b54023)
    ILL(0x00b55023)
    ILL(0x00b56023)
    ILL(0x00b57023)
    // BRANCH: funct3 2 and 3 are reserved. The offset of 8 would be a taken branch.
    ILL(0x00000463|2<<12)
    ILL(0x00000463|3<<12)
    // JALR: funct3 1 to 7 are reserved.
    ILL(0x000515e7)
    ILL(0x000525e7)
    ILL(0x000535e7)
    ILL(0x000545e7)
    ILL(0x000555e7)
    ILL(0x000565e7)
    ILL(0x000575e7)
    // MISC-MEM: funct3 0 is FENCE, 1 FENCE.I; 2 (cache operations) to 7 are not here.
    ILL(0x0005200f)
    ILL(0x0000300f)
    ILL(0x0000400f)
    ILL(0x0000500f)
    ILL(0x0000600f)
    ILL(0x0000700f)

    // OP-IMM, shifts: bit 25 is shamt[5], reserved on RV32 (I 2.4); the rest of funct7 is 0, or 0x20 for SRAI.
    ILL(0x02051593)                             // slli a1, a0, 32
    ILL(0x02055593)                             // srli a1, a0, 32
    ILL(0x42055593)                             // srai a1, a0, 32
    ILL(0x03f51593)                             // slli a1, a0, 63
    ILL(0x40051593)                             // slli with funct7 0x20
    ILL(0x80055593)
    ILL(0x20055593)
    ILL(0x10055593)
    ILL(0x08055593)
    ILL(0x04055593)
    ILL(0x04051593)
    ILL(0x60051593)                             // clz (Zbb)
    ILL(0x60151593)                             // ctz
    ILL(0x60451593)                             // sext.b
    ILL(0x60555593)                             // rori
    ILL(0x69855593)                             // rev8
    ILL(0x28755593)                             // orc.b
    ILL(0x28551593)                             // bseti (Zbs)
    ILL(0x48555593)                             // bexti

    // OP: funct7 0x00 and 0x01 with each funct3, 0x20 with funct3 0 and 5.
    ILL(0x40b515b3)
    ILL(0x40b525b3)
    ILL(0x40b535b3)
    ILL(0x40b545b3)                             // xnor
    ILL(0x40b565b3)                             // orn
    ILL(0x40b575b3)                             // andn
    ILL(0x04b505b3)
    ILL(0x08b545b3)                             // pack
    ILL(0x0ab515b3)                             // clmul (Zbc)
    ILL(0x0ab545b3)                             // min
    ILL(0x20b525b3)                             // sh1add (Zba)
    ILL(0x60b515b3)                             // rol
    ILL(0x68b515b3)                             // binv
    ILL(0x10b505b3)
    ILL(0x80b505b3)
    ILL(0x42b505b3)                             // funct7 0x21
    ILL(0x03b505b3|0x80000000)                  // M's funct7 with bit 31
    ILL(0xfeb505b3)

    // RV64I and RV64M words.
    ILL(0x0015059b)                             // addiw
    ILL(0x0015159b)                             // slliw
    ILL(0x4015559b)                             // sraiw
    ILL(0x00b505bb)                             // addw
    ILL(0x40b505bb)                             // subw
    ILL(0x02b505bb)                             // mulw
    ILL(0x02b545bb)                             // divw

    // A, F, D, V, custom and reserved opcodes.
    ILL(0x100525af)                             // lr.w
    ILL(0x18b525af)                             // sc.w
    ILL(0x00b525af)                             // amoadd.w
    ILL(0x00b535af)                             // amoadd.d
    ILL(0x00052587)                             // flw
    ILL(0x00053587)                             // fld
    ILL(0x00b52027)                             // fsw
    ILL(0x00b53027)                             // fsd
    ILL(0x00b575d3)                             // fadd.s
    ILL(0x68b57543)                             // fmadd.s
    ILL(0xe00505d3)                             // fmv.x.w
    ILL(0x0d0575d7)                             // vsetvli
    ILL(0x0005000b)                             // custom-0
    ILL(0x0005002b)                             // custom-1
    ILL(0x0005005b)                             // custom-2
    ILL(0x0005007b)                             // custom-3
    ILL(0x0005006b)                             // reserved
    ILL(0x00050077)                             // reserved
    ILL(0x0000001f)                             // 48-bit formats
    ILL(0x0000003f)                             // 64-bit formats
    ILL(0x0000007f)

    // SYSTEM, funct3 0: ECALL, EBREAK, MRET, WFI as exact words and nothing else.
    ILL(0x000000f3)                             // ecall with rd
    ILL(0x00008073)                             // ecall with rs1
    ILL(0x001000f3)                             // ebreak with rd
    ILL(0x00108073)                             // ebreak with rs1
    ILL(0x300000f3|0x00200000)                  // mret with rd
    ILL(0x30208073)                             // mret with rs1
    ILL(0x105000f3)                             // wfi with rd
    ILL(0x10508073)                             // wfi with rs1
    ILL(0x00200073)                             // uret (N)
    ILL(0x10200073)                             // sret: no S-mode (P 3.3.2)
    ILL(0x70200073)                             // mnret
    ILL(0x7b200073)                             // dret outside Debug Mode
    ILL(0x00300073)
    ILL(0x10600073)
    ILL(0x80000073)
#ifndef QEMU                                    // QEMU 7.2 executes it in M-mode, with S-mode or without
    ILL(0x12000073)                             // sfence.vma: no S-mode
#endif
    ILL(0x00004073)                             // funct3 4

    EQUAL(a1, 0x55)                             // none had an effect on its rd
    EQUAL(a0, 0x80200000)
    PASS()
