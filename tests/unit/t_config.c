// SPDX-License-Identifier: MIT
/*
 * dom0-tools/lib/config: texts in xl.cfg syntax go in; what is understood, what is refused with
 * which line and remedy, and what is shown again must be as xl.cfg(5) and our man page say.
 */
#include "check.h"

#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "config/plain.h"

#define MINIMAL "name='a'\nkernel='/k'\nmemory=16\n"

static struct dais_config config;
static struct dais_faults faults;
static struct dais_error err;

static int read_with(const char *text, const char *const *overrides, size_t count)
{
	dais_config_free(&config);
	dais_faults_free(&faults);
	return dais_config_parse("t.cfg", text, strlen(text), overrides, count, &config, &faults,
				 &err);
}

static int read_text(const char *text)
{
	return read_with(text, NULL, 0);
}

/* The fault of that key at that line; NULL: there is none. */
static const struct dais_fault *fault_at(unsigned int line, const char *key)
{
	for (size_t i = 0; i < faults.count; i++) {
		const struct dais_fault *f = &faults.list[i];

		if (f->line == line && (!key || (f->key && !strcmp(f->key, key))))
			return f;
	}
	return NULL;
}

static bool same(const char *a, const char *b)
{
	return a && b && !strcmp(a, b);
}

static void test_values(void)
{
	CHECK_EQ(read_text("# comment\n name = 'a' ; memory=0x10 # more\r\nkernel='/boot/v' ;;\n"
			   "extra = \"w\\\"e\\n\\101b\\x41\\\\\" # end"),
		 0);
	CHECK(same(config.extra, "w\"e\nAbA\\"));
	CHECK_EQ(read_text("name='it\\'s'\nkernel=\"/boot/v\"\nmemory=0x10\nmaxmem='020'\n"
			   "vcpus=\"2\";maxvcpus=4 # end"),
		 0);
	CHECK(same(config.name, "it's"));
	CHECK(same(config.kernel, "/boot/v"));
	CHECK_EQ(config.memory_kb, 16 << 10);
	CHECK_EQ(config.maxmem_kb, 16 << 10);
	CHECK_EQ(config.vcpus, 2);
	CHECK_EQ(config.maxvcpus, 4);
	CHECK_EQ(faults.count, 0);
	/* Unset stays unset until asked. */
	CHECK_EQ(config.on_crash, DAIS_ACTION_UNSET);
	CHECK(config.cap == -1 && config.cpu_weight == -1 && config.nomigrate == DAIS_UNSET);
	dais_config_defaults(&config);
	CHECK_EQ(config.on_reboot, DAIS_ACTION_RESTART);
	CHECK_EQ(config.on_poweroff, DAIS_ACTION_DESTROY);
}

static void test_lists(void)
{
	CHECK_EQ(read_text(MINIMAL "vif = [ # first\n '', 'bridge=br1', ]\nvif += ['mtu=9000']\n"
				   "extra = 'a'\nextra += ' b'\n"),
		 0);
	CHECK_EQ(config.nic_count, 3);
	CHECK(same(config.nics[1].bridge, "br1"));
	CHECK_EQ(config.nics[2].mtu, 9000);
	CHECK_EQ(config.nics[1].line, 5);
	CHECK(same(config.extra, "a b"));
	/* The last one wins. */
	CHECK_EQ(read_text(MINIMAL "memory=32\nname='b'\n"), 0);
	CHECK(same(config.name, "b") && config.memory_kb == 32 << 10);
}

/* Each text has one fault, at line 4, of that key; the settings around it are still read. */
static void test_faults(void)
{
	static const struct {
		const char *text, *key;
	} bad[] = {
		{"vcpus = foo", "vcpus"},
		{"vcpus = \"no end", "vcpus"},
		{"vcpus = ", "vcpus"},
		{"vcpus", "vcpus"},
		{"vcpus = 1 2", "vcpus"},
		{"vcpus = [ 1 ]", "vcpus"},
		{"vcpus = 0", "vcpus"},
		{"vcpus = -1", "vcpus"},
		{"vcpus = 'many'", "vcpus"},
		{"Vcpus = 1", NULL},
		{"vcpus + = 1", "vcpus"},
		{"= 1", NULL},
		{"memory = 16 ]", "memory"},
		{"extra = \"\\q\"", "extra"},
		{"disk = [ 1 2 ]", "disk"},
		{"disk = [[[[[1]]]]]", "disk"},
		{"name += ['x']", "name"},
		{"on_crash = 'explode'", "on_crash"},
		{"uuid = 'xyz'", "uuid"},
		{"type = 'hvm'", "type"},
		{"maxmem = 1", "maxmem"},
		{"vcpus=4;maxvcpus=2", "maxvcpus"},
		{"nomigrate = 'yes'", "nomigrate"},
		{"tsc_mode = 'fast'", "tsc_mode"},
		{"tsc_mode = 'native_paravirt'", "tsc_mode"},
		{"tsc_mode = 3", "tsc_mode"},
		{"cpus = '0-'", "cpus"},
		{"cap = 65536", "cap"},
		{"pci = ['0:0.0']", "pci"},
		{"irqs = ['x']", "irqs"},
		{"ioports = ['2f8-1']", "ioports"},
		{"firmware = 'bios'", "firmware"},
		{"vif = [ 'mac=1' ]", "vif"},
		{"vif = [ 'mac=01:00:00:00:00:00' ]", "vif"},
		{"vfb = [ 'what=1' ]", "vfb"},
		{"vfb = [ 'vnc=yes' ]", "vfb"},
		{"vfb = [ 'vncdisplay=59636' ]", "vfb"},
		{"vfb = [ 'keymap=../x' ]", "vfb"},
		{"vfb = [ 'vnclisten=a b' ]", "vfb"},
		{"vfb = [ 'sdl=1' ]", "vfb"},
		{"vfb = [ [ 'vnc=1' ] ]", "vfb"},
		{"vnclisten = '0.0.0.0,password=off'", "vnclisten"},
		{"channel = [ 'connection=pty' ]", "channel"},
		{"channel = [ 'name=a,connection=tcp' ]", "channel"},
		{"channel = [ 'name=a,connection=socket' ]", "channel"},
		{"channel = [ 'name=a,connection=socket,path=run/a' ]", "channel"},
		{"channel = [ 'name=a,connection=socket,path=/a',"
		 " 'name=b,connection=socket,path=/a' ]",
		 "channel"},
		{"channel = [ 'name=a,connection=pty,backend=web' ]", "channel"},
		{"vkb = [ '' ]", "vkb"},
		{"vkb = [ 'backend-type=vnc' ]", "vkb"},
		{"vkb = [ 'backend-type=qemu,colour=red' ]", "vkb"},
		{"vkb = [ 'backend-type=linux,width' ]", "vkb"},
		{"vkb = [ 'backend-type=linux,width=wide' ]", "vkb"},
		{"vkb = [ 'backend-type=linux,height=-1' ]", "vkb"},
		{"vkb = [ 'backend-type=linux,feature-abs-pointer=yes' ]", "vkb"},
		{"vkb = [ 'backend-type=linux,feature-multi-touch=1,multi-touch-width=1' ]", "vkb"},
		{"vkb = [ [ 'backend-type=linux' ] ]", "vkb"},
		{"pvcalls = [ 'path=/' ]", "pvcalls"},
		{"pvcalls = [ 'backend' ]", "pvcalls"},
		{"p9 = [ 'tag=a,path=/a' ]", "p9"},
		{"p9 = [ 'tag=a,path=a,security_model=none' ]", "p9"},
		{"p9 = [ 'tag=a,path=/a,security_model=some' ]", "p9"},
		{"p9 = [ 'path=/a,security_model=none' ]", "p9"},
		{"vtpm = [ 'uuid=01020304-0506-0708-090a-0b0c0d0e0f10' ]", "vtpm"},
		{"vtpm = [ 'backend=tpm,uuid=x' ]", "vtpm"},
		{"vtpm = [ 'backend=tpm,resume=True' ]", "vtpm"},
		{"vsnd = [ 'CARD' ]", "vsnd"},
		{"vsnd = [ [ 'TRACK' ] ]", "vsnd"},
		{"vsnd = [ [ 'CARD=1' ] ]", "vsnd"},
		{"vsnd = [ [ ['CARD'] ] ]", "vsnd"},
		{"vsnd = [ [ 'CARD,name=a' ] ]", "vsnd"},
		{"vsnd = [ [ 'CARD', 'PCM,unique-id=a' ] ]", "vsnd"},
		{"vsnd = [ [ 'CARD', 'STREAM,type=x' ] ]", "vsnd"},
		{"vsnd = [ [ 'CARD', 'STREAM,backend=x' ] ]", "vsnd"},
		{"vsnd = [ [ 'CARD,sample-rates=8000;x' ] ]", "vsnd"},
		{"vsnd = [ [ 'CARD,sample-formats=s8;s9' ] ]", "vsnd"},
		{"vdispl = [ '' ]", "vdispl"},
		{"vdispl = [ 'connectors=' ]", "vdispl"},
		{"vdispl = [ 'connectors=a:1' ]", "vdispl"},
		{"vdispl = [ 'connectors=a:1x1;:1x1' ]", "vdispl"},
		{"vdispl = [ 'connectors=a:1x-1' ]", "vdispl"},
		{"vdispl = [ 'connectors=a:1x1:2' ]", "vdispl"},
		{"usbctrl = [ 'version=2' ]", "usbctrl"},
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char text[256];

		snprintf(text, sizeof(text), MINIMAL "%s\nroot = '/dev/xvda'\n", bad[i].text);
		CHECK_EQ(read_text(text), -1);
		if (!fault_at(4, bad[i].key) || !faults.errors)
			fprintf(stderr, "  in \"%s\"\n", bad[i].text);
		CHECK(faults.errors >= 1);
		CHECK(fault_at(4, bad[i].key) != NULL);
		CHECK(same(config.root, "/dev/xvda"));
		CHECK_EQ(err.code, DAIS_CONFIG);
		for (size_t j = 0; j < faults.count; j++) {
			if (faults.list[j].remedy && *faults.list[j].remedy)
				continue;
			fprintf(stderr, "  no remedy in \"%s\"\n", bad[i].text);
			CHECK(false);
		}
	}
}

static size_t count_of(const char *key)
{
	size_t count = 0;

	for (size_t i = 0; i < faults.count; i++)
		count += same(faults.list[i].key, key);
	return count;
}

/* One line with several faults has all of them told, and none that only follows from another. */
static void test_several(void)
{
	static const struct {
		const char *text, *key;
		size_t count;
	} lines[] = {
		{"disk=['/a,foo,xvda,q']", "disk", 2},
		{"disk=['format=foo,vdev=vda,access=q,colour=red,target=/a']", "disk", 4},
		{"disk=['format=foo,target=/a']", "disk", 2}, /* and no vdev */
		{"disk=['what:/a,foo']", "disk", 2}, /* a vdev, by that form */
		{"disk=['/a,foo,xvda','/b,foo,xvda']", "disk", 2},
		{"vif=['mac=1,rate=2,mtu=3,devid=x,colour=red,word,bridge=a/b']", "vif", 7},
		{"vif=['mac=1','rate=2']", "vif", 2},
		{"vfb=['vnc=x,vncdisplay=x,what=1']", "vfb", 3},
		{"channel=['colour=red,connection=tcp']", "channel", 3}, /* and no name */
		{"vkb=['backend-type=x,width=y,colour=red']", "vkb", 3},
	};

	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		char text[256];

		snprintf(text, sizeof(text), MINIMAL "%s\n", lines[i].text);
		CHECK_EQ(read_text(text), -1);
		if (count_of(lines[i].key) != lines[i].count)
			fprintf(stderr, "  in \"%s\": \"%s\"\n", lines[i].text,
				faults.count ? faults.list[faults.count - 1].reason : "");
		CHECK_EQ(count_of(lines[i].key), lines[i].count);
		CHECK_EQ(faults.count, lines[i].count);
	}
}

static void test_all_at_once(void)
{
	CHECK_EQ(read_text("name = \"x\nmemory = '1G'\ndisk = [ 'a,raw,xvda'\n  'b,foo,xvdb' ]\n"
			   "vif = [ 'rate=1' ]\nkrenel = '/k'\nacpi = 1\n"),
		 -1);
	CHECK(fault_at(1, "name") && fault_at(2, "memory") && fault_at(4, "disk"));
	CHECK(fault_at(5, "vif") && fault_at(0, "kernel"));
	CHECK(fault_at(6, "krenel") && fault_at(6, "krenel")->warning);
	CHECK(fault_at(6, "krenel") && same(fault_at(6, "krenel")->remedy, "Did you mean kernel?"));
	CHECK(fault_at(7, "acpi") && fault_at(7, "acpi")->warning);
	for (size_t i = 1; i < faults.count; i++)
		CHECK(!faults.list[i].line || faults.list[i - 1].line <= faults.list[i].line);
}

static void test_overrides(void)
{
	static const char *const good[] = {"name=other", "memory=64", "vif=['bridge=b']",
					   "extra=single user", "vcpus = 3"};
	static const char *const bad[] = {"nothing", "memory=lots"};
	static const char *const lines[] = {"vif=['mac=1']; vcpus=[0]", "cpus='x'; cap=-1"};

	CHECK_EQ(read_with(MINIMAL, good, 5), 0);
	CHECK(same(config.name, "other") && config.memory_kb == 64 << 10);
	CHECK(config.nic_count == 1 && same(config.extra, "single user"));
	CHECK_EQ(config.vcpus, 3);
	CHECK_EQ(read_with(MINIMAL, bad, 2), -1);
	CHECK_EQ(faults.errors, 2);
	CHECK(fault_at(0, "memory") != NULL);
	/* What stands on the command line has no line, also behind a semicolon. */
	CHECK_EQ(read_with(MINIMAL, lines, 2), -1);
	CHECK_EQ(faults.errors, 4);
	CHECK(fault_at(0, "vif") && fault_at(0, "vcpus") && fault_at(0, "cpus"));
	CHECK(fault_at(0, "cap") != NULL);
}

static void test_between_devices(void)
{
	CHECK_EQ(read_text(MINIMAL "disk=['/a,,xvda','/b,,xvda']"), -1);
	CHECK_EQ(read_text(MINIMAL "vif=['mac=00:16:3e:00:00:01','mac=00:16:3e:00:00:01']"), -1);
	CHECK_EQ(read_text(MINIMAL "disk=['/a,,xvda','/a,,xvdb']"), 0);
	CHECK_EQ(faults.count, 1); /* a warning: one image, written to twice */
}

static void test_vfb(void)
{
	CHECK_EQ(read_text(MINIMAL "vnc=1\nvnclisten='0.0.0.0:7'\nvncpasswd='x'"), 0);
	CHECK_EQ(config.vfb_count, 1);
	CHECK(config.vfb_count && same(config.vfbs[0].vnclisten, "0.0.0.0"));
	CHECK(config.vfb_count && config.vfbs[0].vncdisplay == 7);
	CHECK_EQ(read_text(MINIMAL "vncunused=1"), 0);
	CHECK_EQ(config.vfb_count, 0);
	CHECK_EQ(read_text(MINIMAL "vfb=['type=vnc,vncunused=1,keymap=de']"), 0);
	CHECK(config.vfb_count == 1 && same(config.vfbs[0].keymap, "de"));
	CHECK_EQ(read_text(MINIMAL "vfb=['vnclisten=[::1]:59635']"), 0);
	CHECK(config.vfb_count && same(config.vfbs[0].vnclisten, "[::1]"));
	CHECK(config.vfb_count && config.vfbs[0].vncdisplay == 59635);
	/* Usable all the same. */
	CHECK_EQ(read_text(MINIMAL "vfb=['vncpasswd=123456789,opengl=1']"), 0);
	CHECK_EQ(faults.count, 2);
	CHECK_EQ(read_text(MINIMAL "vfb=['vnc=1','vncdisplay=2']"), 0);
	CHECK(config.vfb_count == 2 && faults.count == 1 && faults.list[0].remedy != NULL);
	CHECK_EQ(read_text(MINIMAL "channel=['name=a,connection=pty,path=/a,backend=0']"), 0);
	CHECK(faults.count == 1 && faults.list[0].remedy != NULL);
}

/* A path that fits into a socket's address, and one that does not. */
static void test_channel_path(void)
{
	char text[512], path[128];

	for (int length = 107; length <= 108; length++) {
		snprintf(path, sizeof(path), "/%0*d", length - 1, 0);
		snprintf(text, sizeof(text), MINIMAL "channel=['name=a,connection=socket,path=%s']",
			 path);
		CHECK_EQ(read_text(text), length == 107 ? 0 : -1);
	}
	CHECK(fault_at(4, "channel") && strstr(fault_at(4, "channel")->reason, "too long"));
}

/* As xl reads them: what is off or 0 is unset, numbers may be hexadecimal, names of any case. */
static void test_plain(void)
{
	static const char *const plain_faults[] = {
		"vkb=['backend-type=vnc']",
		"vkb=['backend-type=']",
		"vkb=['width']",
		"vkb=['']",
		"vkb=['backend-type=qemu,width=a']",
		"vkb=['backend-type=qemu,feature-abs-pointer=a']",
		"vtpm=['']",
		"p9=['tag=a,path=a,security_model=none']",
		"p9=['tag=a,path=/a,security_model=no']",
		"vtpm=['backend=a,uuid=b']",
		"vdispl=['connectors=a']",
		"vdispl=[['connectors=a:1x1']]",
		"pci=['00:1f.2']",
		"usbdev=['hostbus=1']",
	};
	struct json_object *json, *vkb;
	struct plain_screen screen;
	struct dais_plain *p;
	int missing = 0;
	const char *at;

	CHECK_EQ(read_text(MINIMAL
			   "vfb=['']\n"
			   "vkb=['backend-type=Linux,,unique-id=a b,width=0x10,height=0,',\n"
			   "'backend=web, backend-type=qemu, feature-raw-pointer=2,"
			   "feature-abs-pointer=0']\n"
			   "pvcalls=['','backend=5']\n"),
		 0);
	CHECK_EQ(faults.count, 0);
	CHECK_EQ(config.plain_count, 4);
	p = config.plain;
	CHECK(same(plain_back_kind(&p[0]), "vinput") && same(plain_back_kind(&p[1]), "vkbd"));
	CHECK(same(plain_value(&p[0], "unique-id"), "a b"));
	CHECK(same(plain_value(&p[0], "width"), "16") && !plain_value(&p[0], "height"));
	CHECK(same(plain_value(&p[1], "feature-raw-pointer"), "1"));
	CHECK(!plain_value(&p[1], "feature-abs-pointer") && !plain_value(&p[1], "nothing"));
	CHECK(plain_is_local(&p[0]) && !plain_is_local(&p[1]) && !plain_is_local(&p[3]));
	CHECK(!plain_is_emulated(&p[0]) && !plain_is_emulated(&p[1]) && !plain_is_emulated(&p[2]));
	CHECK(p[0].line == 5 && p[1].line == 6);
	/* The frame buffer has a keyboard of its own. */
	CHECK_EQ(plain_devid(&config, 0), 1);
	CHECK_EQ(plain_devid(&config, 1), 2);
	CHECK_EQ(plain_devid(&config, 2), 0);
	CHECK_EQ(plain_devid(&config, 3), 1);
	json = dais_config_json(&config);
	vkb = json_object_object_get(json, "vkb");
	CHECK_EQ(json_object_array_length(vkb), 2);
	vkb = json_object_array_get_idx(vkb, 0);
	CHECK_EQ(json_object_get_int64(json_object_object_get(vkb, "width")), 16);
	CHECK(same(json_object_get_string(json_object_object_get(vkb, "backend-type")), "linux"));
	CHECK(!json_object_object_get(json, "p9"));
	json_object_put(json);
	CHECK_EQ(read_text(MINIMAL "vkb=['backend-type=qemu,backend=Domain-0']"), 0);
	CHECK(plain_is_emulated(&config.plain[0]));
	CHECK_EQ(read_text(MINIMAL "vtpm=['backend=tpm']\n"
				   "vdispl=['be-alloc=1,connectors=a:1920x1080;b c:1x2;']"),
		 -1); /* no spaces */
	CHECK_EQ(read_text(MINIMAL "vtpm=['backend=tpm']\n"
				   "vdispl=['be-alloc=1,connectors=a:1920x1080;bc:1x2;']"),
		 0);
	at = plain_value(&config.plain[1], "connectors");
	CHECK(plain_next_screen(&at, &screen) && screen.id_length == 1 && screen.width == 1920);
	CHECK(plain_next_screen(&at, &screen) && !strncmp(screen.id, "bc", 2) &&
	      screen.height == 2);
	CHECK(!plain_next_screen(&at, &screen));
	CHECK(!plain_first_modelled(&config));
	CHECK_EQ(read_text(MINIMAL "p9=['tag=a,path=/a,security_model=none,backend=web',"
				   "'tag=b,path=/nonexistent/b,security_model=mapped']"),
		 0);
	CHECK(plain_first_modelled(&config) == &config.plain[1]);
	CHECK(plain_is_emulated(&config.plain[1]) && !plain_is_emulated(&config.plain[0]));
	CHECK(same(plain_back_kind(&config.plain[1]), "9pfs"));
	dais_config_check_files(&config, &faults);
	for (size_t i = 0; i < faults.count; i++)
		missing += strstr(faults.list[i].reason, "/nonexistent/b") != NULL;
	CHECK_EQ(missing, 1);
	/* Each fault has its remedy. */
	for (size_t i = 0; i < sizeof(plain_faults) / sizeof(*plain_faults); i++) {
		char text[128];

		snprintf(text, sizeof(text), MINIMAL "%s", plain_faults[i]);
		CHECK_EQ(read_text(text), -1);
		CHECK(faults.count == 1 && faults.list[0].remedy && *faults.list[0].remedy);
	}
	/* What is missing is not told of what cannot be read. */
	CHECK_EQ(read_text(MINIMAL "vkb=['backend-typ=qemu']"), -1);
	CHECK(faults.count == 1 && strstr(faults.list[0].remedy, "backend-type, unique-id"));
}

/* What was shown is read again as the same. */
static void test_show(void)
{
	static const char text[] =
		"name='w\"e'\nuuid='1a2b3c4d111122223333444455556666'\nkernel='/k'\nramdisk='/r'\n"
		"memory=512\nmaxmem=1024\nvcpus=2\nmaxvcpus=3\ncpus=['0','1-2,^1']\ncpu_weight=512\n"
		"cap=50\nroot='/dev/xvda'\nextra='ro \\\\ x'\non_crash='preserve'\ntsc_mode=2\n"
		"disk=['/a b,raw,xvda1,ro,no-discard','vdev=hdc,devtype=cdrom']\n"
		"vif=['mac=00:16:3e:00:00:01,rate=1MB/s@20ms,vifname=w0,untrusted','']\n"
		"vsnd=[['CARD,backend=snd,short-name=a b,sample-rates=8000;16000','PCM,name=c',"
		"'STREAM,type=c,sample-formats=s8;U8'],['CARD']]\n"
		"pvcalls=['backend=web']\np9=['tag=a,path=/a b,security_model=none']\n"
		"vdispl=['connectors=a:1x1;b:2x2']\n"
		"vtpm=['backend=tpm,uuid=01020304-0506-0708-090a-0b0c0d0e0f10']\n"
		"vkb=['backend-type=linux,unique-id=k,width=8','backend-type=qemu,backend=0']\n"
		"vfb=['vncdisplay=2']\nchannel=['name=c,connection=socket,path=/p']\n"
		"ioports=['2f8-2ff']\nirqs=[5]\nrtc_timeoffset='-5'\nnomigrate=1\nx_owner='me'\n";
	struct json_object *json, *part;
	char *first, *second;

	CHECK_EQ(read_text(text), 0);
	CHECK_EQ(faults.count, 0);
	first = dais_config_text(&config);
	CHECK_EQ(read_text(first), 0);
	second = dais_config_text(&config);
	CHECK(same(first, second));
	CHECK(strstr(first, "sample-rates=8000;16000") && strstr(first, "s8;u8"));
	CHECK_EQ(config.nics[0].rate_bytes, 20000);
	CHECK_EQ(config.nics[0].rate_interval_us, 20000);
	CHECK(same(config.notes[0].value, "me") && config.rtc_timeoffset == -5);
	json = dais_config_json(&config);
	CHECK(same(json_object_get_string(json_object_object_get(json, "name")), "w\"e"));
	CHECK_EQ(json_object_get_int64(json_object_object_get(json, "memory_kb")), 512 << 10);
	CHECK_EQ(json_object_array_length(json_object_object_get(json, "disks")), 2);
	part = json_object_array_get_idx(json_object_object_get(json, "vsnd"), 0);
	CHECK(same(json_object_get_string(json_object_object_get(part, "backend")), "snd"));
	part = json_object_array_get_idx(json_object_object_get(part, "parts"), 1);
	CHECK(same(json_object_get_string(json_object_object_get(part, "part")), "STREAM"));
	json_object_put(json);
	free(first);
	free(second);
}

static void test_cmdline(void)
{
	static const struct {
		const char *text, *line;
	} lines[] = {
		{"", ""},
		{"root='/dev/a'", "root=/dev/a"},
		{"extra='b'", "b"},
		{"root='/dev/a'\nextra='b'", "root=/dev/a b"},
		{"root='/dev/a'\nextra='b'\ncmdline='c'", "c"},
	};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		char text[256];
		char *line;

		snprintf(text, sizeof(text), MINIMAL "%s", lines[i].text);
		CHECK_EQ(read_text(text), 0);
		line = dais_config_cmdline(&config);
		CHECK(same(line, lines[i].line));
		free(line);
	}
}

static void test_boot(void)
{
	CHECK_EQ(read_text("name='a'\nmemory=16\nbootloader='/usr/bin/pygrub'"), 0);
	CHECK(fault_at(3, "bootloader") && fault_at(3, "bootloader")->warning);
	CHECK(strstr(dais_config_kernel(&config), "grub-x86_64-xen.bin"));
	CHECK_EQ(read_text("name='a'\nmemory=16\nbootloader='/usr/bin/other'"), -1);
	CHECK_EQ(read_text("name='a'\nmemory=16\nfirmware='pvgrub64'"), 0);
	CHECK(strstr(dais_config_kernel(&config), "grub-x86_64-xen.bin"));
	CHECK_EQ(read_text("name='a'\nmemory=16"), -1);
	CHECK(dais_config_kernel(&config) == NULL);
}

static void test_load(void)
{
	dais_config_free(&config);
	dais_faults_free(&faults);
	CHECK_EQ(dais_config_load("/nonexistent/x.cfg", NULL, 0, &config, &faults, &err), -1);
	CHECK(strstr(err.object, "x.cfg") && strstr(err.why, "No such file"));
	CHECK_EQ(faults.count, 0);
	CHECK_EQ(read_text("name='a'\nkernel='/nonexistent/k'\nmemory=1\n"
			   "disk=['/nonexistent/d,,xvda']"),
		 0);
	dais_config_check_files(&config, &faults);
	CHECK_EQ(faults.errors, 2);
	CHECK(fault_at(4, "disk") && fault_at(2, "kernel"));
	CHECK_EQ(read_text("name='a'\nmemory=1\nfirmware='/nonexistent/f'\n"
			   "ramdisk='/nonexistent/r'\n"),
		 0);
	dais_config_check_files(&config, &faults);
	CHECK_EQ(faults.errors, 2);
	CHECK(fault_at(3, "firmware") && fault_at(4, "ramdisk"));
}

int main(void)
{
	dais_config_init(&config);
	test_values();
	test_lists();
	test_faults();
	test_several();
	test_all_at_once();
	test_overrides();
	test_between_devices();
	test_vfb();
	test_channel_path();
	test_plain();
	test_show();
	test_cmdline();
	test_boot();
	test_load();
	dais_config_free(&config);
	dais_faults_free(&faults);
	return check_done("config");
}
