// Check 2 is jumped over: a test of the test driver.
#include "check.h"

main:
    HERE()
    j 1f
    HERE()
1:  HERE()
    PASS()
