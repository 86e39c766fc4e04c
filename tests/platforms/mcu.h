// The small board of the built-in firmware: virt's devices. A program is told to be for it by
// the symbols of a campaign's firmware.
#include "virt.h"
#ifndef __ASSEMBLER__
__attribute__((used)) int8_t stuckat_input[16], stuckat_output[2];
#endif
