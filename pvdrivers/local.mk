# SPDX-License-Identifier: MIT
#
# The split drivers and the small guest runtime come here.
