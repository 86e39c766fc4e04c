/* The layer's sizes. */
#ifndef CONV_H
#define CONV_H

enum { SIDE = 8, CHANNELS = 16, WINDOW = 3, PADDING = 1 };
enum { PIXELS = SIDE * SIDE, IMAGE = PIXELS * CHANNELS, TAPS = WINDOW * WINDOW * CHANNELS };

#endif
