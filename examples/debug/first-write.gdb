# The first write of a convolution's output, found from its end, and what a fault does to it. In two terminals:
#
#   stuckat run firmware/prebuilt/mnist-cnn.elf --gdb 1234
#   gdb-multiarch -x examples/debug/first-write.gdb firmware/prebuilt/mnist-cnn.elf
set pagination off
target remote :1234
tbreak conv_2d
continue
finish
watch *(signed char *)conv0_output
reverse-continue
echo The first write of conv0_output[0] is the next instruction:\n
x/i $pc
monitor info
monitor fault op_a_i[3]/SA1
monitor stats
