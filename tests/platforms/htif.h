// A test bench with HTIF: whole lines go out by the proxied write system call, the exit
// code by tohost itself.
#define ENTRY_OFFSET 0
#include "clint.h"
#ifndef __ASSEMBLER__
__attribute__((section(".tohost"), used, aligned(64))) volatile uint32_t tohost[2];
__attribute__((section(".tohost"), used, aligned(64))) volatile uint32_t fromhost[2];

#define SYS_WRITE 64

static void put_char(char c)
{
    static char line[128];
    static uint32_t length;
    static volatile uint64_t call[8] __attribute__((aligned(64)));

    line[length++] = c;
    if (c != '\n' && length < sizeof line)
        return;
    call[0] = SYS_WRITE;
    call[1] = 1; // Standard output.
    call[2] = (uintptr_t)line;
    call[3] = length;
    __asm__ volatile("fence" : : : "memory");
    tohost[0] = (uint32_t)(uintptr_t)call;
    tohost[1] = 0;
    while (!fromhost[0])
        ;
    fromhost[0] = 0;
    fromhost[1] = 0;
    // The result replaces the number of the call. What was not written shows in the output.
    length = call[0] == length ? 0 : 1;
}

static void quit(uint32_t code)
{
    tohost[0] = code << 1 | 1;
    tohost[1] = 0;
}
#endif
