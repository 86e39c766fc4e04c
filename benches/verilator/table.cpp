// Products of one multiplier under one stuck-at fault, by the model that Verilator makes of the mapped netlist: the measure for
// `cargo bench --bench tables`. Usage: table REPETITIONS; prints the nanoseconds of all repetitions together and a checksum.
//
// The forced net is compiled in: FORCE_EN and FORCE_VALUE are the members that Verilator makes for a forceable net.

#include "Vsingle_cycle_mul.h"
#include "Vsingle_cycle_mul___024root.h"
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

int main(int argc, char **argv) {
  const long repetitions = argc > 1 ? std::atol(argv[1]) : 1;
  Vsingle_cycle_mul model;
  model.rootp->FORCE_EN = 1;
  model.rootp->FORCE_VALUE = 1;
  std::vector<uint32_t> table(65536);
  uint64_t sum = 0;
  const auto begin = std::chrono::steady_clock::now();
  for (long r = 0; r < repetitions; ++r) {
    for (int i = 0; i < 65536; ++i) {
      model.op_a_i = static_cast<uint32_t>(static_cast<int8_t>(i >> 8));
      model.op_b_i = static_cast<uint32_t>(static_cast<int8_t>(i));
      model.eval();
      table[i] = model.result_o;
    }
    for (int i = 0; i < 65536; ++i) sum = sum * 31 + table[i];
  }
  const auto end = std::chrono::steady_clock::now();
  const auto ns = std::chrono::duration_cast<std::chrono::nanoseconds>(end - begin).count();
  std::printf("%lld %llu\n", static_cast<long long>(ns), static_cast<unsigned long long>(sum));
}
