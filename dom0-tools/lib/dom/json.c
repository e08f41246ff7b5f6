/* SPDX-License-Identifier: MIT */
/*
 * Domains and devices as JSON: the command line and daisd show the same (docs/json.md).
 */
#include <json-c/json.h>

#include "dom/domain.h"
#include "export.h"

EXPORT struct json_object *dais_domain_json(const struct dais_domain *domain)
{
	struct json_object *o = json_object_new_object();
	const char *reason = dais_shutdown_name(domain->shutdown);
	char uuid[37];

	json_object_object_add(o, "domid", json_object_new_int64(domain->domid));
	json_object_object_add(o, "name", json_object_new_string(domain->name));
	json_object_object_add(o, "uuid",
			       json_object_new_string(dais_uuid_text(domain->uuid, uuid)));
	json_object_object_add(o, "state", json_object_new_string(dais_state_name(domain)));
	json_object_object_add(o, "paused", json_object_new_boolean(domain->paused));
	json_object_object_add(o, "shutdown_reason",
			       reason ? json_object_new_string(reason) : NULL);
	json_object_object_add(o, "memory_kb", json_object_new_int64((int64_t)domain->memory_kb));
	json_object_object_add(o, "max_memory_kb",
			       domain->max_kb == UINT64_MAX
				       ? NULL
				       : json_object_new_int64((int64_t)domain->max_kb));
	json_object_object_add(o, "vcpus", json_object_new_int64(domain->vcpus));
	json_object_object_add(o, "max_vcpus", json_object_new_int64(domain->max_vcpus));
	json_object_object_add(o, "cpu_ns", json_object_new_int64((int64_t)domain->cpu_ns));
	json_object_object_add(o, "cpupool", json_object_new_int64(domain->pool));
	return o;
}

EXPORT struct json_object *dais_device_json(uint32_t domid, const struct dais_device *device)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "domid", json_object_new_int64(domid));
	json_object_object_add(o, "kind", json_object_new_string(device->kind));
	json_object_object_add(o, "devid", json_object_new_int64(device->devid));
	json_object_object_add(o, "backend", json_object_new_int64(device->backend));
	json_object_object_add(o, "name", json_object_new_string(device->name));
	json_object_object_add(o, "target", json_object_new_string(device->target));
	json_object_object_add(o, "mac",
			       device->mac[0] ? json_object_new_string(device->mac) : NULL);
	json_object_object_add(o, "readonly", json_object_new_boolean(device->readonly));
	json_object_object_add(o, "state", json_object_new_int(device->state));
	json_object_object_add(o, "connected", json_object_new_boolean(device->state == 4));
	return o;
}
