// QEMU's virt machine: 16550 UART, test finisher, CLINT.
#define ENTRY_OFFSET 0
#include "clint.h"
#ifndef __ASSEMBLER__
#define UART ((volatile uint8_t *)0x10000000)
#define UART_LINE_STATUS 5
#define UART_EMPTY 0x20

static void put_char(char c)
{
    while (!(UART[UART_LINE_STATUS] & UART_EMPTY))
        ;
    UART[0] = (uint8_t)c;
}

static void quit(uint32_t code)
{
    *(volatile uint32_t *)0x00100000 = code << 16 | 0x3333;
}
#endif
