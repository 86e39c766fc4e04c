/* What the two poolings share: which part of a window lies inside the image. */
#ifndef POOL_2D_H
#define POOL_2D_H

#include "kernels.h"

struct window {
    int32_t y_origin, x_origin; /* in the image; negative in the padding */
    int32_t y_start, y_end, x_start, x_end; /* within the window */
};

static inline int32_t smaller(int32_t a, int32_t b) { return a < b ? a : b; }
static inline int32_t larger(int32_t a, int32_t b) { return a > b ? a : b; }

static inline struct window window_at(const struct pool_2d_params *p, int32_t out_y, int32_t out_x) {
    struct window w;
    w.y_origin = out_y * p->stride_h - p->pad_h;
    w.x_origin = out_x * p->stride_w - p->pad_w;
    w.y_start = larger(0, -w.y_origin);
    w.y_end = smaller(p->window_h, p->input.h - w.y_origin);
    w.x_start = larger(0, -w.x_origin);
    w.x_end = smaller(p->window_w, p->input.w - w.x_origin);
    return w;
}

#endif
