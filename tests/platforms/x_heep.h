// X-HEEP: OpenTitan's UART and timer, exit by SOC_CTRL. As its drivers do, bytes are sent
// one by one, each waiting until the line is idle.
#define ENTRY_OFFSET 0x180
#define TICKS 2000
#ifndef __ASSEMBLER__
#define SOC_CTRL 0x20000000
#define EXIT_VALID 0x00
#define EXIT_VALUE 0x04
#define RV_TIMER_AO 0x20050000
#define TIMER_CTRL 0x000
#define TIMER_CFG 0x100
#define TIMER_LOWER 0x104
#define TIMER_UPPER 0x108
#define COMPARE_LOWER 0x10c
#define COMPARE_UPPER 0x110
#define TIMER_INTR_ENABLE 0x114
#define UART 0x30080000
#define UART_CTRL 0x0c
#define UART_STATUS 0x10
#define UART_WDATA 0x18
#define UART_TXFULL 0x1
#define UART_TXIDLE 0x8
#define UART_NCO 2684
#define REG(base, offset) (*(volatile uint32_t *)((base) + (offset)))

static void put_char(char c)
{
    if (!(REG(UART, UART_CTRL) & 1))
        REG(UART, UART_CTRL) = UART_NCO << 16 | 3; // Sender and receiver on.
    while (REG(UART, UART_STATUS) & UART_TXFULL)
        ;
    REG(UART, UART_WDATA) = (uint8_t)c;
    while (!(REG(UART, UART_STATUS) & UART_TXIDLE))
        ;
}

static void quit(uint32_t code)
{
    REG(SOC_CTRL, EXIT_VALUE) = code;
    *(volatile uint8_t *)(SOC_CTRL + EXIT_VALID) = 1;
}

static void timer_init(void)
{
    REG(RV_TIMER_AO, TIMER_CFG) = 1 << 16; // A step of 1 every cycle.
    REG(RV_TIMER_AO, TIMER_INTR_ENABLE) = 1;
    REG(RV_TIMER_AO, TIMER_CTRL) = 1;
}

static uint64_t timer_now(void)
{
    uint32_t high, low;
    do {
        high = REG(RV_TIMER_AO, TIMER_UPPER);
        low = REG(RV_TIMER_AO, TIMER_LOWER);
    } while (high != REG(RV_TIMER_AO, TIMER_UPPER));
    return (uint64_t)high << 32 | low;
}

// Writing either half also takes the interrupt back.
static void timer_set(uint64_t at)
{
    REG(RV_TIMER_AO, COMPARE_UPPER) = UINT32_MAX;
    REG(RV_TIMER_AO, COMPARE_LOWER) = (uint32_t)at;
    REG(RV_TIMER_AO, COMPARE_UPPER) = (uint32_t)(at >> 32);
}
#endif
