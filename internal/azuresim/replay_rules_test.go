package azuresim_test

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// headersOfTransport are recorded headers that do not depend on Azure's resource manager, each with the reason why it is not compared.
var headersOfTransport = map[string]string{
	"content-encoding":  "the recorders' clients asked for gzip",
	"content-length":    "how long a body is depends on names and spaces",
	"date":              "of the web server",
	"server":            "of the web server",
	"transfer-encoding": "the web server chunks what it compresses",
	"vary":              "the web server compresses on request",
	"x-cache":           "of Azure Front Door, which some requests came through",
	"x-msedge-ref":      "of Azure Front Door, which some requests came through",
}

// headersByValue are headers whose value counts, too.
var headersByValue = map[string]bool{
	"azure-asyncnotification": true, "content-type": true, "etag": true, "x-ms-failure-cause": true, "x-ms-request-charge": true,
}

// headersOfOperations make a client wait for an operation: there must be
// neither fewer nor more of them, and their links must be alike.
var headersOfOperations = []string{"azure-asyncoperation", "location"}

// valuesOfTheWorld are ends of paths to values that say something about the
// world and the time that was recorded, each with the reason. Their types count.
var valuesOfTheWorld = []exception{
	{path: ".osName", reason: "an image's own"},
	{path: ".osVersion", reason: "an image's own"},
	{path: ".vmAgentVersion", reason: "of the agent that was newest then"},
	{path: "extensionHandlers[].typeHandlerVersion", reason: "of the extension's handler that was newest then"},
	{path: "extensions[].typeHandlerVersion", reason: "of the extension's handler that was newest then"},
	{path: ".macAddress", reason: "of a network interface, which has one that no other has"},
	{path: ".internalDomainNameSuffix", reason: "of a virtual network, which has one that no other has"},
	{path: ".exactVersion", reason: "of the image that was newest then"},
	{path: ".vmAgent.statuses[].time", reason: "of the agent's last report, which comes when it likes"},
	{path: "instanceView.extensions[].statuses[].message", reason: "an extension's own words"},
	{path: "$.extensions[].statuses[].message", reason: "an extension's own words"},
}

func ofTheWorld(path string) *exception {
	path = indices.ReplaceAllString(path, "[]")
	for i, x := range valuesOfTheWorld {
		if strings.HasSuffix(path, x.path) {
			return &valuesOfTheWorld[i]
		}
	}
	return nil
}

// sameMoment is how far apart times may be in Azure that are one here. An operation, its instances and their disks end there one after the
// other (two seconds were recorded), here at once.
const sameMoment = 3 * time.Second

// exception is a part of some answers that need not agree.
type exception struct {
	path   string // indices left out
	reason string
	is     func(*exchange, target) bool
}

var exceptions = []exception{
	{"$.value", "which sizes there are is Azure's catalogue", part("skus")},
	{"$.vmAgent.extensionHandlers[].status.message", "some extensions' handlers say something, others do not", part("instanceview")},
	{"$.value[].properties.instanceView.disks[].encryptionSettings", "disks are never encrypted here", ofEncrypted},
	{"$.value[].properties.instanceView.disks[].statuses", "disks are never encrypted here", ofEncrypted},
	{"$.value[].properties.instanceView.extensions[].substatuses", "disks are never encrypted here", ofEncrypted},
	{"$.etag", "Azure gave scale sets no ETags yet when this was recorded, in June 2024", beforeEtags},
	{"$.properties.virtualMachineProfile.timeCreated", "what this write changed does not show: it repeats all but the type of security",
		only("azure-cli-2025-02__test_vmss_trusted:4", "azure-cli-2025-02__test_vmss_trusted:6", "azure-cli-2025-02__test_vmss_trusted:7")},
	{"$.disks[].name", "the recorder shortened the scale set's name, on which the form of a disk's name depends", ofShortened},
	{"$.properties.storageProfile.osDisk.name", "the recorder shortened the scale set's name, on which the form of a disk's name depends",
		ofShortened},
	{"$.properties.storageProfile.osDisk.managedDisk.id",
		"the recorder shortened the scale set's name, on which the form of a disk's name depends", ofShortened},
	{"$.properties.osProfile.computerName", "the end of a computer's name in a Flexible set is random",
		only("azure-cli-2025-02__test_vmss_linux_patch_mode:19")},
	{"$.statuses[].time", "this instance restarted in a second, the other one of the operation in 51; here both take as long as the operation",
		only("azure-cli-2021-02__test_vmss_vms:9")},
}

// exceptionsTo are those that an exchange has.
func exceptionsTo(e *exchange, t target) []exception {
	return slices.DeleteFunc(slices.Clone(exceptions), func(x exception) bool { return !x.is(e, t) })
}

func part(name string) func(*exchange, target) bool {
	return func(e *exchange, t target) bool { return e.Method == http.MethodGet && t.rest == name }
}

func only(exchanges ...string) func(*exchange, target) bool {
	return func(e *exchange, _ target) bool { return slices.Contains(exchanges, e.String()) }
}

func ofEncrypted(e *exchange, t target) bool {
	return t.kind == allVMs && strings.Contains(string(e.ResponseBody), `"EncryptionState/`)
}

func beforeEtags(e *exchange, t target) bool {
	return t.kind == oneSet && e.cassette == "azure-cli-2025-02__test_vmss_scheduled_events_policy"
}

func ofShortened(e *exchange, t target) bool {
	return t.vm != "" && e.cassette == "azure-cli-2025-02__test_vmss_vms"
}

// gap is a kind of exchange that the simulator does not serve.
type gap struct {
	is     func(*exchange, target) bool
	reason string
	leaves string // why what is seen of the scale set's instances afterwards is left out, too
}

var gaps = []gap{
	{is: attachesDisk, reason: "a disk of its own attached to an instance", leaves: "instances with a disk of their own"},
}

func attachesDisk(e *exchange, t target) bool {
	body, err := decode(e.sent())
	return err == nil && t.kind == oneVM && e.Method == http.MethodPut && len(listAt(body, "properties", "storageProfile", "dataDisks")) > 0
}
