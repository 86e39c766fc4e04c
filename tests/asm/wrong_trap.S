// A trap after check 1 that no check expects: a test of the test driver.
#include "check.h"

main:
    li a0, 1
    HERE()
    .word 0
    EQUAL(a0, 1)
    PASS()
