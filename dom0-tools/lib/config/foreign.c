/* SPDX-License-Identifier: MIT */
/*
 * Keys of xl.cfg(5) that are of HVM and PVH guests or of other machines. xl overlooks them in
 * the file of a PV guest; here they are known so that they are not taken for misspelt ones.
 */
#include <string.h>

#include "config/private.h"

static const char names[] =
	" "
	"acpi acpi_firmware acpi_laptop_slate acpi_s3 acpi_s4 altp2m altp2mhvm apic "
	"bios bios_path_override boot device_model_args device_model_args_hvm "
	"device_model_args_pv device_model_override device_model_stubdomain_override "
	"device_model_stubdomain_seclabel device_model_user device_model_version "
	"device_tree dm_restrict firmware_override gfx_passthru gic_version hap "
	"hdtype hpet hvmloader mca_caps mmio_hole ms_vm_genid nographic nx oos pae "
	"pvh pvshim pvshim_cmdline pvshim_extra pvshim_path rdm rdm_mem_boundary "
	"serial smbios_firmware soundhw spice spice_clipboard_sharing "
	"spice_image_compression spice_streaming_video spiceagent_mouse "
	"spicedisable_ticketing spicehost spicepasswd spiceport spicetls_port "
	"spiceusbredirection spicevdagent stdvga stubdomain_cmdline "
	"stubdomain_kernel stubdomain_memory stubdomain_ramdisk tee timer_mode usb "
	"usbdevice usbversion vendor_device vga videoram viridian vkb_device "
	"vpt_align vuart xen_platform_pci ";

bool config_is_foreign(const char *key)
{
	const char *at = names;
	size_t length = strlen(key);

	while (length && (at = strstr(at, key))) {
		if (at[-1] == ' ' && at[length] == ' ')
			return true;
		at += length;
	}
	return false;
}
