/* MAX_POOL_2D: image in, the largest value of each window out. Quantisation does not change. */

#include "element.h"
#include "fixed_point.h"
#include "kernels.h"
#include "pool_2d.h"

FOR_BOTH_TYPES void max_pool_2d_of(enum eight_bits type, const struct pool_2d_params *p, const void *input,
                                   void *output) {
    for (int32_t batch = 0; batch < p->output.n; batch++) {
        for (int32_t out_y = 0; out_y < p->output.h; out_y++) {
            for (int32_t out_x = 0; out_x < p->output.w; out_x++) {
                for (int32_t channel = 0; channel < p->output.c; channel++) {
                    const struct window w = window_at(p, out_y, out_x);
                    int32_t best = lowest(type);
                    for (int32_t y = w.y_start; y < w.y_end; y++) {
                        for (int32_t x = w.x_start; x < w.x_end; x++) {
                            int32_t at = offset(&p->input, batch, w.y_origin + y, w.x_origin + x, channel);
                            best = larger(best, element(type, input, at));
                        }
                    }
                    set_element(output, offset(&p->output, batch, out_y, out_x, channel),
                                clamp(best, p->low, p->high));
                }
            }
        }
    }
}

void max_pool_2d(const struct pool_2d_params *p, const int8_t *input, int8_t *output) {
    max_pool_2d_of(INT8, p, input, output);
}

void max_pool_2d_u8(const struct pool_2d_params *p, const uint8_t *input, uint8_t *output) {
    max_pool_2d_of(UINT8, p, input, output);
}
