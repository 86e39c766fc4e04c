// The host itself as console and exit, by semihosting; the timer is virt's.
#define ENTRY_OFFSET 0
#include "clint.h"
#ifndef __ASSEMBLER__
#define SYS_WRITEC 0x03
#define SYS_WRITE0 0x04
#define SYS_EXIT_EXTENDED 0x20
#define APPLICATION_EXIT 0x20026

// The three instructions must have four bytes each and lie in one page.
static uint32_t host(uint32_t operation, const void *parameter)
{
    register uint32_t a0 __asm__("a0") = operation;
    register const void *a1 __asm__("a1") = parameter;
    __asm__ volatile(".option push\n"
                     ".balign 16\n"
                     ".option norvc\n"
                     "slli zero, zero, 0x1f\n"
                     "ebreak\n"
                     "srai zero, zero, 7\n"
                     ".option pop"
                     : "+r"(a0)
                     : "r"(a1)
                     : "memory");
    return a0;
}

static void put_char(char c)
{
    host(SYS_WRITEC, &c);
}

#define PUT_TEXT
static void put_text(const char *s)
{
    host(SYS_WRITE0, s);
}

static void quit(uint32_t code)
{
    uint32_t block[2] = {APPLICATION_EXIT, code};
    host(SYS_EXIT_EXTENDED, block);
}
#endif
