/* SPDX-License-Identifier: MIT */
/*
 * Domains and devices as JSON: the command line and daisd show the same (docs/json.md).
 */

#include "json.h"
#include "dom/domain.h"
#include "export.h"

EXPORT struct json_object *dais_domain_json(const struct dais_domain *domain)
{
	struct json_object *o = json_object_new_object();
	const char *reason = dais_shutdown_name(domain->shutdown);
	char uuid[37];

	json_set(o, "domid", json_object_new_int64(domain->domid));
	json_set(o, "name", json_object_new_string(domain->name));
	json_set(o, "uuid", json_object_new_string(dais_uuid_text(domain->uuid, uuid)));
	json_set(o, "state", json_object_new_string(dais_state_name(domain)));
	json_set(o, "paused", json_object_new_boolean(domain->paused));
	json_set(o, "shutdown_reason", reason ? json_object_new_string(reason) : JSON_NULL);
	json_set(o, "memory_kb", json_object_new_int64((int64_t)domain->memory_kb));
	json_set(o, "max_memory_kb",
		 domain->max_kb == UINT64_MAX ? JSON_NULL
					      : json_object_new_int64((int64_t)domain->max_kb));
	json_set(o, "vcpus", json_object_new_int64(domain->vcpus));
	json_set(o, "max_vcpus", json_object_new_int64(domain->max_vcpus));
	json_set(o, "cpu_ns", json_object_new_int64((int64_t)domain->cpu_ns));
	json_set(o, "cpupool", json_object_new_int64(domain->pool));
	return json_whole(o);
}

EXPORT struct json_object *dais_device_json(uint32_t domid, const struct dais_device *device)
{
	struct json_object *o = json_object_new_object();

	json_set(o, "domid", json_object_new_int64(domid));
	json_set(o, "kind", json_object_new_string(device->kind));
	json_set(o, "devid", json_object_new_int64(device->devid));
	json_set(o, "backend", json_object_new_int64(device->backend));
	json_set(o, "name", json_object_new_string(device->name));
	json_set(o, "target", json_object_new_string(device->target));
	json_set(o, "mac", device->mac[0] ? json_object_new_string(device->mac) : JSON_NULL);
	json_set(o, "readonly", json_object_new_boolean(device->readonly));
	json_set(o, "state", json_object_new_int(device->state));
	json_set(o, "connected", json_object_new_boolean(device->state == 4));
	return json_whole(o);
}
