// The machine timer as SiFive's CLINT has it. The tick of QEMU's is 100 ns; that of the simulator
// a cycle.
#define TICKS 2000
#ifndef __ASSEMBLER__
#define MTIMECMP ((volatile uint32_t *)0x02004000)
#define MTIME ((volatile uint32_t *)0x0200bff8)

static void timer_init(void)
{
}

static uint64_t timer_now(void)
{
    uint32_t high, low;
    do {
        high = MTIME[1];
        low = MTIME[0];
    } while (high != MTIME[1]);
    return (uint64_t)high << 32 | low;
}

static void timer_set(uint64_t at)
{
    MTIMECMP[1] = UINT32_MAX; // Never between the old and the new time.
    MTIMECMP[0] = (uint32_t)at;
    MTIMECMP[1] = (uint32_t)(at >> 32);
}
#endif
