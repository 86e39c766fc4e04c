// The same program for every board; tests/platforms.rs has what it must print. All that it knows of
// the board is in the board's header:
//
//   ENTRY_OFFSET, BOOT_VECTORS         see crt0.S
//   put_char(c)                        prints a byte
//   put_text(s)                        prints a string; where missing, by put_char
//   quit(code)                         ends the run
//   timer_init()                       makes time pass
//   timer_now()                        time in ticks
//   timer_set(at)                      the interrupt comes at that time; TIMER_NEVER takes it back
//   TICKS                              between two interrupts: longer than the handler takes

#include <stdint.h>
#define TIMER_NEVER UINT64_MAX
#include BOARD

#ifndef PUT_TEXT
static void put_text(const char *s)
{
    while (*s)
        put_char(*s++);
}
#endif

// ---- printf's %s, %c, %d, %u, %x with a width, and %%

typedef __builtin_va_list args_t;

static void put_number(uint32_t value, uint32_t base, int width, char fill)
{
    char digits[12];
    int n = sizeof digits - 1;
    digits[n] = 0;
    do {
        digits[--n] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value);
    while ((int)sizeof digits - 1 - n < width && n > 0)
        digits[--n] = fill;
    put_text(digits + n);
}

static void print(const char *format, ...)
{
    args_t args;
    __builtin_va_start(args, format);
    for (; *format; format++) {
        if (*format != '%') {
            put_char(*format);
            continue;
        }
        char fill = format[1] == '0' ? '0' : ' ';
        int width = 0;
        while (*++format >= '0' && *format <= '9')
            width = 10 * width + *format - '0';
        switch (*format) {
        case 's':
            put_text(__builtin_va_arg(args, const char *));
            break;
        case 'c':
            put_char((char)__builtin_va_arg(args, int));
            break;
        case 'd': {
            int32_t value = __builtin_va_arg(args, int32_t);
            if (value < 0)
                put_char('-');
            put_number(value < 0 ? 0 - (uint32_t)value : (uint32_t)value, 10, width, fill);
            break;
        }
        case 'u':
            put_number(__builtin_va_arg(args, uint32_t), 10, width, fill);
            break;
        case 'x':
            put_number(__builtin_va_arg(args, uint32_t), 16, width, fill);
            break;
        default:
            put_char(*format);
        }
    }
    __builtin_va_end(args);
}

// ---- instructions and CSRs; the compiler must not calculate anything beforehand

#define INSN(name, a, b)                                                                        \
    ({                                                                                          \
        uint32_t result, rs1 = (uint32_t)(a), rs2 = (uint32_t)(b);                              \
        __asm__ volatile(#name " %0, %1, %2" : "=r"(result) : "r"(rs1), "r"(rs2));              \
        result;                                                                                 \
    })
#define CSR(name)                                                                               \
    ({                                                                                          \
        uint32_t result;                                                                        \
        __asm__ volatile("csrr %0, " #name : "=r"(result) : : "memory");                        \
        result;                                                                                 \
    })
#define CSR_SET(name, bits) __asm__ volatile("csrs " #name ", %0" : : "r"(bits) : "memory")
#define CSR_CLEAR(name, bits) __asm__ volatile("csrc " #name ", %0" : : "r"(bits) : "memory")

#define MSTATUS_MIE 0x8u
#define MIP_MTIP 0x80u
#define MIE_MTIE 0x80u

static void multiply_and_divide(void)
{
    print("mul %08x mulh %08x mulhsu %08x mulhu %08x\n", INSN(mul, 0x12345678, 0x9abcdef0),
          INSN(mulh, 0x12345678, 0x9abcdef0), INSN(mulhsu, 0x9abcdef0, 0xfedcba98),
          INSN(mulhu, 0x12345678, 0x9abcdef0));
    print("smallest squared: mul %x mulh %x mulhsu %x mulhu %x\n",
          INSN(mul, 0x80000000, 0x80000000), INSN(mulh, 0x80000000, 0x80000000),
          INSN(mulhsu, 0x80000000, 0x80000000), INSN(mulhu, 0x80000000, 0x80000000));
    print("-100/7: %d rest %d, unsigned %u rest %u\n", INSN(div, -100, 7), INSN(rem, -100, 7),
          INSN(divu, -100, 7), INSN(remu, -100, 7));
    print("by zero: %d rest %d; overflow: %d rest %d\n", INSN(div, 42, 0), INSN(rem, 42, 0),
          INSN(div, 0x80000000, -1), INSN(rem, 0x80000000, -1));
}

static void misaligned(void)
{
    static uint32_t words[3] = {0x33221100, 0x77665544, 0xbbaa9988};
    uint32_t address = (uint32_t)(uintptr_t)words, value;
    for (uint32_t at = 1; at < 4; at++) {
        __asm__ volatile("lw %0, 0(%1)" : "=r"(value) : "r"(address + at) : "memory");
        print(at == 1 ? "misaligned: %08x" : " %08x", value);
    }
    __asm__ volatile("lh %0, 0(%1)" : "=r"(value) : "r"(address + 7) : "memory");
    print(" %08x", value);
    __asm__ volatile("sw %0, 0(%1)" : : "r"(0xdeadbeef), "r"(address + 3) : "memory");
    __asm__ volatile("sh %0, 0(%1)" : : "r"(0x1234), "r"(address + 7) : "memory");
    __asm__ volatile("" : : : "memory");
    print(" then %08x %08x %08x\n", words[0], words[1], words[2]);
}

static uint32_t crc32(const char *s)
{
    uint32_t crc = 0xffffffff;
    for (; *s; s++) {
        crc ^= (uint8_t)*s;
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
    }
    return ~crc;
}

// ---- traps

static volatile uint32_t ticks, wanted, early, strays, timer_cause, exceptions, exception_cause;
static volatile uint64_t deadline;

void on_timer(void)
{
    timer_cause = CSR(mcause);
    uint64_t now = timer_now();
    if (now < deadline)
        early++;
    ticks++;
    deadline = now + TICKS;
    timer_set(ticks < wanted ? deadline : TIMER_NEVER);
}

void on_exception(void)
{
    exception_cause = CSR(mcause);
    exceptions++;
    // The instruction may have two bytes or four; go on behind it.
    uint32_t mepc = CSR(mepc);
    mepc += (*(const uint16_t *)(uintptr_t)mepc & 3) == 3 ? 4 : 2;
    __asm__ volatile("csrw mepc, %0" : : "r"(mepc));
}

void on_stray(void)
{
    strays++;
    CSR_CLEAR(mie, 0xffffffff);
}

static void expect_interrupts(uint32_t count)
{
    ticks = 0;
    wanted = count;
    deadline = timer_now() + TICKS;
    timer_set(deadline);
}

static void interrupts(void)
{
    timer_init();
    // Pending, but disabled.
    timer_set(0);
    while (!(CSR(mip) & MIP_MTIP))
        ;
    print("timer: pending, %u taken", ticks);
    timer_set(TIMER_NEVER);
    while (CSR(mip) & MIP_MTIP)
        ;
    CSR_SET(mie, MIE_MTIE);
    CSR_SET(mstatus, MSTATUS_MIE);
    print("; taken back, %u taken\n", ticks);

    expect_interrupts(20);
    while (ticks < 20)
        ;
    print("timer: %u awake", ticks);
    CSR_CLEAR(mstatus, MSTATUS_MIE);
    expect_interrupts(5);
    while (ticks < 5) {
        // Asleep with interrupts off: none can slip in between the question and WFI.
        __asm__ volatile("wfi" : : : "memory");
        CSR_SET(mstatus, MSTATUS_MIE);
        __asm__ volatile("nop");
        CSR_CLEAR(mstatus, MSTATUS_MIE);
    }
    CSR_CLEAR(mie, MIE_MTIE);
    print(", %u asleep, %u early, %u strays, mcause %08x\n", ticks, early, strays, timer_cause);
}

static void traps(void)
{
    __asm__ volatile("ecall" : : : "memory");
    print("ecall: mcause %u\n", exception_cause);
    // A custom-0 instruction, and the 16-bit instruction that is illegal by definition.
    __asm__ volatile(".4byte 0x0000000b" : : : "memory");
    print("illegal: mcause %u", exception_cause);
    exception_cause = 0;
    __asm__ volatile(".2byte 0" : : : "memory");
    print(" and %u; %u exceptions\n", exception_cause, exceptions);
}

static volatile uint32_t initialised = 305419896, zeroed;

int main(void)
{
    print("one program, %s\n", "every board");
    print("%c %d %d %u %08x %x 100%%\n", 'c', 2147483647, -2147483647 - 1, 4294967295u, 0x2a,
          0xdeadbeefu);
    print("variables: %u %u\n", initialised, zeroed);
    initialised++;
    zeroed--;
    print("changed: %u %u\n", initialised, zeroed);
    multiply_and_divide();
    misaligned();
    print("crc32: %08x\n", crc32("123456789"));
    interrupts();
    traps();
    print("exit 7\n");
    quit(7);
    for (;;)
        ;
}
