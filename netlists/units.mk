# The multipliers: rtl/NAME.v, mapped/NAME.v, NAME.toml. Included by both Makefiles.
UNITS := single_cycle fast single_cycle_mul array32 booth32
