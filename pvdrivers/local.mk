# SPDX-License-Identifier: MIT
#
# The split drivers and the small guest runtime, pvrt.

include pvdrivers/guest/local.mk
