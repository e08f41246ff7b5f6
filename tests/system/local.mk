# SPDX-License-Identifier: MIT
#
# Boots in QEMU.  What is fetched or made for them is kept in tests/system/cache of the build
# directory; the first run takes some minutes more.  MACHINES chooses among those of dom0.py,
# HYPERVISOR=stock runs the same tests on Debian's Xen 4.17.

SYSTEM = $(srcdir)/tests/system
SYSTEM_CACHE = tests/system/cache
HYPERVISOR = xen/dais
MACHINES = pc-bios,q35-bios,q35-uefi,q35-debian13,q35-qemu10
# Those that each check takes, a part each; the others are in check-long.
DOM0_MACHINES = q35-bios q35-uefi pc-bios

check-system: check-boot check-debug check-attack check-console check-dom0 check-guest

check-boot: xen/dais
	@$(MKDIR_P) $(SYSTEM_CACHE)
	@$(SHELL) $(srcdir)/tests/lib/run.sh tests/boot.count -a -t 4800 -n boot \
		python3 $(SYSTEM)/boot.py --cache $(SYSTEM_CACHE) --hypervisor $(HYPERVISOR)

check-console: xen/dais
	@$(MKDIR_P) $(SYSTEM_CACHE)
	@$(SHELL) $(srcdir)/tests/lib/run.sh tests/console.count -a -t 4800 -n console \
		python3 $(SYSTEM)/console.py --cache $(SYSTEM_CACHE) --hypervisor $(HYPERVISOR)

# Builds for tests, each in a folder of its own: with assertions and lock-order checks; the same
# with every long operation pausing wherever it may; the same with allocations that fail on demand.
SPECIAL_BUILDS = debug/xen/dais preempt/xen/dais failing/xen/dais
SPECIAL_OPTIONS_debug =
SPECIAL_OPTIONS_preempt = --enable-preempt-always
SPECIAL_OPTIONS_failing = --enable-fail-always

$(SPECIAL_BUILDS): xen/dais
	@$(MKDIR_P) $(@:/xen/dais=)
	@test -f $(@:/xen/dais=)/Makefile || { top=$$(cd $(srcdir) && pwd) && cd $(@:/xen/dais=) && \
		"$$top/configure" -q --enable-debug $(SPECIAL_OPTIONS_$(@:/xen/dais=)) CC='$(CC)'; }
	@$(MAKE) -s --no-print-directory -C $(@:/xen/dais=) xen/dais

check-debug: debug/xen/dais
	@$(SHELL) $(srcdir)/tests/lib/run.sh tests/debug.count -a -t 2400 -n debug \
		python3 $(SYSTEM)/boot.py --cache $(SYSTEM_CACHE) --hypervisor debug/xen/dais \
		--only "qemu64,2 processors,4 processors"

check-attack: debug/xen/dais tests/guests/attack/guest
	@$(SHELL) $(srcdir)/tests/lib/run.sh tests/attack.count -a -t 2400 -n attack \
		python3 $(SYSTEM)/attack.py --cache $(SYSTEM_CACHE) --hypervisor debug/xen/dais \
		--guest tests/guests/attack/guest

# Millions of calls: by hand, and where nobody waits.
check-attack-long: debug/xen/dais tests/guests/attack/guest
	@$(SHELL) $(srcdir)/tests/lib/run.sh tests/attack-long.count -t 7200 -n attack-long \
		python3 $(SYSTEM)/attack.py --cache $(SYSTEM_CACHE) --hypervisor debug/xen/dais \
		--guest tests/guests/attack/guest --seeds 100-119 --steps 50000 --rounds 20 \
		--patience 120

check-dom0: xen/dais
	@$(MKDIR_P) $(SYSTEM_CACHE)
	@$(SHELL) $(srcdir)/tests/lib/run.sh tests/dom0.count -a -t 5400 -n dom0 \
		python3 $(SYSTEM)/dom0.py --cache $(SYSTEM_CACHE) --hypervisor $(HYPERVISOR) \
		--only $(MACHINES)

check-dom0-%: xen/dais
	@$(MKDIR_P) $(SYSTEM_CACHE)
	@$(SHELL) $(srcdir)/tests/lib/run.sh tests/dom0-$*.count -a -t 5400 -n dom0-$* \
		python3 $(SYSTEM)/dom0.py --cache $(SYSTEM_CACHE) --hypervisor $(HYPERVISOR) --only $*

# The daemons of dom0 in a Debian dom0.
check-daemons: xen/dais all tests/guests/hello/hello tests/guests/crash/crash
	@$(MKDIR_P) $(SYSTEM_CACHE)
	@$(SHELL) $(srcdir)/tests/lib/run.sh tests/daemons.count -a -t 4800 -n daemons \
		python3 $(SYSTEM)/daemons.py --cache $(SYSTEM_CACHE) --hypervisor $(HYPERVISOR) \
		--build .

# A host that libvirt manages.
check-libvirt: xen/dais all
	@$(MKDIR_P) $(SYSTEM_CACHE)
	@$(SHELL) $(srcdir)/tests/lib/run.sh tests/libvirt.count -a -t 4800 -n libvirt \
		python3 $(SYSTEM)/libvirtd.py --cache $(SYSTEM_CACHE) --hypervisor $(HYPERVISOR) \
		--build .

# Frame buffers, channels and shares, which Debian's QEMU serves, and nodes of other devices.
check-devmodel: xen/dais all tests/guests/wild/wild
	@$(MKDIR_P) $(SYSTEM_CACHE)
	@$(SHELL) $(srcdir)/tests/lib/run.sh tests/devmodel.count -a -t 4800 -n devmodel \
		python3 $(SYSTEM)/devmodel.py --cache $(SYSTEM_CACHE) --hypervisor $(HYPERVISOR) \
		--build .
.PHONY: check-devmodel
EXTRA_DIST += tests/system/openmetrics.py tests/system/devmodel.py tests/system/mkdevmodel.sh

check-guest: xen/dais tests/guests/wild/wild
	@$(MKDIR_P) $(SYSTEM_CACHE)
	@$(SHELL) $(srcdir)/tests/lib/run.sh tests/guest.count -a -t 4800 -n guest \
		python3 $(SYSTEM)/guest.py --cache $(SYSTEM_CACHE) --hypervisor $(HYPERVISOR)

# Our tools and store in the place of xl's, above our hypervisor and above Xen.
check-tools: xen/dais dom0-tools/dais xenstore/xenstored tests/guests/wild/wild
	@$(MKDIR_P) $(SYSTEM_CACHE)
	@$(SHELL) $(srcdir)/tests/lib/run.sh tests/tools.count -t 3600 -n tools \
		python3 $(SYSTEM)/tools.py --cache $(SYSTEM_CACHE) --hypervisor $(HYPERVISOR) --build .
	@$(SHELL) $(srcdir)/tests/lib/run.sh tests/tools-xen.count -t 3600 -n tools-xen \
		python3 $(SYSTEM)/tools.py --cache $(SYSTEM_CACHE) --hypervisor stock --build .

# One part swapped for Debian's: HYPERVISOR-TOOLS-STORE, of which docs/swap.md has the table.
SWAPS = dais-dais-ours dais-dais-stock dais-xl-ours dais-xl-stock \
	xen-dais-ours xen-dais-stock xen-xl-ours xen-xl-stock

check-swap:
	@bad=0; for swap in $(SWAPS); do \
		$(MAKE) -s $(AM_MAKEFLAGS) check-swap-$$swap || bad=1; done; exit $$bad

check-swap-dais-dais-ours check-swap-dais-dais-stock check-swap-dais-xl-ours \
check-swap-dais-xl-stock check-swap-xen-dais-ours check-swap-xen-dais-stock \
check-swap-xen-xl-ours check-swap-xen-xl-stock: all
	@$(MKDIR_P) $(SYSTEM_CACHE)
	@swap=$@; swap=$${swap#check-}; set -- $$(echo $$swap | tr - ' '); \
		hypervisor=xen/dais; [ $$2 = dais ] || hypervisor=stock; \
		$(SHELL) $(srcdir)/tests/lib/run.sh tests/$$swap.count -a -t 4800 -n $$swap \
		python3 $(SYSTEM)/swap.py --cache $(SYSTEM_CACHE) --hypervisor $$hypervisor \
		--build . --tools $$3 --store $$4

# The store in dom0, killed and updated under the kernel's clients and a guest, and under systemd.
check-store-dom0: xen/dais xenstore/xenstored dom0-tools/dais dom0-tools/dais-consoled \
	tests/guests/wild/wild
	@$(MKDIR_P) $(SYSTEM_CACHE)
	@$(SHELL) $(srcdir)/tests/lib/run.sh tests/store-dom0.count -t 1800 -n store-dom0 \
		python3 $(SYSTEM)/store.py --cache $(SYSTEM_CACHE) --hypervisor $(HYPERVISOR) --build .

# Dais installed on a Debian machine as docs/howto/install.md says, by BIOS and by UEFI.
check-install: all
	@$(MKDIR_P) $(SYSTEM_CACHE)
	@$(SHELL) $(srcdir)/tests/lib/run.sh tests/install.count -a -t 5400 -n install \
		python3 $(SYSTEM)/install.py --cache $(SYSTEM_CACHE) --build .
.PHONY: check-install
EXTRA_DIST += tests/system/rootfs.sh tests/system/mkinstall.sh tests/system/install.py \
	tests/system/install/guest-init

# GRUB, the hypervisor, dom0, and two service domains of stock Debian whose page is shown.
demo: all
	@$(MKDIR_P) $(SYSTEM_CACHE)
	@python3 $(SYSTEM)/services.py --cache $(SYSTEM_CACHE) --hypervisor $(HYPERVISOR) --build .

# The same as a test, in a script and at a terminal.
check-services: all
	@$(MKDIR_P) $(SYSTEM_CACHE)
	@$(SHELL) $(srcdir)/tests/lib/run.sh tests/services.count -a -t 7200 -n services \
		python3 $(SYSTEM)/services_check.py $(SYSTEM)/services.py --cache $(SYSTEM_CACHE) \
		--hypervisor $(HYPERVISOR) --build .

# GRUB, the hypervisor, Debian's login; what the hypervisor says of itself is printed last.
demo-login: xen/dais
	@$(MKDIR_P) $(SYSTEM_CACHE)
	@python3 $(SYSTEM)/demo.py --cache $(SYSTEM_CACHE) --hypervisor $(HYPERVISOR)

check-dom0-long:
	@$(MAKE) -s $(AM_MAKEFLAGS) check-dom0 MACHINES=q35-debian13,q35-qemu10

check-long: check-dom0-long check-swap check-attack-long check-proof

.PHONY: check-dom0-long check-swap check-swap-dais-dais-ours check-swap-dais-dais-stock \
	check-swap-dais-xl-ours check-swap-dais-xl-stock check-swap-xen-dais-ours \
	check-swap-xen-dais-stock check-swap-xen-xl-ours check-swap-xen-xl-stock
.PHONY: demo-login check-libvirt check-services check-daemons check-store-dom0 check-boot check-debug check-attack check-attack-long check-console check-dom0 check-guest check-tools

EXTRA_DIST += tests/system/fetch.sh tests/system/mkquick.sh tests/system/mkdisk.sh \
	tests/system/mkqemu10.sh tests/system/mkiso.sh tests/system/run-quick.sh \
	tests/system/quick/init tests/system/guest-check.sh tests/system/tcp.py tests/system/vdso.c \
	tests/system/vm.py tests/system/attack.py tests/system/console.py tests/system/pagetables.py tests/system/dom0.py tests/system/boot.py \
	tests/system/kernels.py tests/system/demo.py tests/system/tools.py tests/system/swap.py tests/system/store.py \
	tests/system/commands.py tests/system/core.pl tests/system/cores.py tests/system/daemons.py tests/system/libvirtd.py tests/system/mklibvirt.sh tests/system/guest.py tests/system/mkguest.sh \
	tests/system/guest/boot-init tests/system/guest/dom0-init tests/system/guest/guest-init \
	tests/system/services.py tests/system/services_check.py tests/system/mkservices.sh tests/system/mkramdisk.sh \
	tests/system/services/dom0-init tests/system/services/guest-init \
	tests/system/services/stock.cgi tests/system/services/shop.sql
