// The board of own.toml.
#define ENTRY_OFFSET 0
#define TICKS 200
#ifndef __ASSEMBLER__
#define CONSOLE ((volatile uint8_t *)0x50000010)
#define EXIT ((volatile uint32_t *)0x50000020)
#define MTIME ((volatile uint32_t *)0x60000010)
#define MTIMECMP ((volatile uint32_t *)0x60000018)

static void put_char(char c)
{
    *CONSOLE = (uint8_t)c;
}

static void quit(uint32_t code)
{
    *EXIT = code << 8;
}

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
    MTIMECMP[1] = UINT32_MAX;
    MTIMECMP[0] = (uint32_t)at;
    MTIMECMP[1] = (uint32_t)(at >> 32);
}
#endif
