// Check 2 does not hold: a test of the test driver.
#include "check.h"

main:
    li a0, 2
    EQUAL(a0, 2)
    EQUAL(a0, 3)
    EQUAL(a0, 2)
    PASS()
