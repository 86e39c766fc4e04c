// lowRISC Ibex simple_system. After reset mtvec points to the first bytes of RAM. There is no
// exit code: a halt is a halt.
#define ENTRY_OFFSET 0x80
#define BOOT_VECTORS
#define TICKS 2000
#ifndef __ASSEMBLER__
#define SIM_CONTROL ((volatile uint32_t *)0x00020000)
#define TIMER ((volatile uint32_t *)0x00030000)

static void put_char(char c)
{
    SIM_CONTROL[0] = (uint8_t)c;
}

static void quit(uint32_t code)
{
    (void)code;
    SIM_CONTROL[2] = 1;
}

static void timer_init(void)
{
}

static uint64_t timer_now(void)
{
    uint32_t high, low;
    do {
        high = TIMER[1];
        low = TIMER[0];
    } while (high != TIMER[1]);
    return (uint64_t)high << 32 | low;
}

static void timer_set(uint64_t at)
{
    TIMER[2] = UINT32_MAX;
    TIMER[3] = (uint32_t)(at >> 32);
    TIMER[2] = (uint32_t)at;
}
#endif
