/* MAX_POOL_2D, INT8: image in, the largest value of each window out. Quantisation does not change. */

#include "fixed_point.h"
#include "kernels.h"

static inline int32_t smaller(int32_t a, int32_t b) { return a < b ? a : b; }
static inline int32_t larger(int32_t a, int32_t b) { return a > b ? a : b; }

void max_pool_2d(const struct max_pool_2d_params *p, const int8_t *input, int8_t *output) {
    for (int32_t batch = 0; batch < p->output.n; batch++) {
        for (int32_t out_y = 0; out_y < p->output.h; out_y++) {
            for (int32_t out_x = 0; out_x < p->output.w; out_x++) {
                for (int32_t channel = 0; channel < p->output.c; channel++) {
                    int32_t in_y_origin = out_y * p->stride_h - p->pad_h;
                    int32_t in_x_origin = out_x * p->stride_w - p->pad_w;
                    /* The part of the window that lies inside the image. */
                    int32_t y_start = larger(0, -in_y_origin);
                    int32_t y_end = smaller(p->window_h, p->input.h - in_y_origin);
                    int32_t x_start = larger(0, -in_x_origin);
                    int32_t x_end = smaller(p->window_w, p->input.w - in_x_origin);
                    int32_t best = INT8_MIN;
                    for (int32_t y = y_start; y < y_end; y++) {
                        for (int32_t x = x_start; x < x_end; x++) {
                            best = larger(
                                best, input[offset(&p->input, batch, in_y_origin + y, in_x_origin + x, channel)]);
                        }
                    }
                    output[offset(&p->output, batch, out_y, out_x, channel)] = (int8_t)clamp(best, p->low, p->high);
                }
            }
        }
    }
}
