package azuresim

import (
	"net/http"
	"strings"
)

// route is one operation of the API.
type route struct {
	method  string
	pattern []string // lower-case segments; {name} takes any
	name    string   // short name, for faults and the call log
	action  string   // that a client must be allowed; empty: any client with a token
	kind    callKind
	bucket  bucketPolicy
	public  bool // needs no token
	foreign bool // another provider answers, though the path may be the compute provider's
	handle  func(*Server, *request) (*response, *armError)
}

// callKind says what a call costs who polls: nothing hangs on it but the log.
type callKind string

const (
	kindRead  callKind = "read"
	kindWrite callKind = "write"
	kindPoll  callKind = "poll"
)

// Short names that the simulator itself refers to.
const (
	opUpdateInstances = "UpdateInstances"
	opUpdate          = "Update"
	opCreateOrUpdate  = "CreateOrUpdate"
	opListVMs         = "VMs.List"
)

const (
	inSubscription = "subscriptions/{sub}"
	inCompute      = inSubscription + "/providers/microsoft.compute"
	inGroup        = inSubscription + "/resourcegroups/{group}"
	inSets         = inGroup + "/providers/microsoft.compute/virtualmachinescalesets"
	inSet          = inSets + "/{set}"
	inVM           = inSet + "/virtualmachines/{vm}"
	inMachine      = inGroup + "/providers/microsoft.compute/virtualmachines/{vm}"
)

// Actions as role definitions name them (azure-facts §2.8).
const (
	setAction = "Microsoft.Compute/virtualMachineScaleSets/"
	vmAction  = setAction + "virtualMachines/"
)

func entry(method, pattern, name, action string, bucket bucketPolicy, handle func(*Server, *request) (*response, *armError)) *route {
	r := &route{
		method: method, pattern: segments(strings.ToLower(pattern)), name: name, action: action,
		kind: kindWrite, bucket: bucket, handle: handle,
	}
	if method == http.MethodGet || method == http.MethodHead {
		r.kind = kindRead
	}
	return r
}

var routes = buildRoutes()

func buildRoutes() map[string][]*route {
	table := map[string][]*route{}
	for _, list := range [][]*route{setRoutes(), actionRoutes(), vmRoutes(), extensionRoutes(), rollingRoutes(), platformRoutes(), tokenRoutes(), networkRoutes(), metricRoutes()} {
		for _, r := range list {
			table[r.method] = append(table[r.method], r)
		}
	}
	return table
}

func setRoutes() []*route {
	return []*route{
		entry("GET", inSets, "List", setAction+"read", setHighCost, (*Server).listSets),
		entry("GET", inCompute+"/virtualmachinescalesets", "ListAll", setAction+"read", setHighCost, (*Server).listSets),
		entry("GET", inCompute+"/locations/{location}/virtualmachinescalesets", "ListByLocation", setAction+"read", setHighCost, (*Server).listSets),
		entry("GET", inSet, "Get", setAction+"read", setLowCost, (*Server).getSet),
		entry("PUT", inSet, opCreateOrUpdate, setAction+"write", setCreate, (*Server).putSet),
		entry("PATCH", inSet, opUpdate, setAction+"write", setUpdate, (*Server).patchSet),
		entry("DELETE", inSet, "Delete", setAction+"delete", setDelete, (*Server).deleteSet),
		entry("GET", inSet+"/instanceview", "GetInstanceView", setAction+"instanceView/read", setHighCost, (*Server).getSetView),
		entry("GET", inSet+"/skus", "ListSkus", setAction+"skus/read", setLowCost, (*Server).listSKUs),
	}
}

func actionRoutes() []*route {
	return []*route{
		entry("POST", inSet+"/manualupgrade", opUpdateInstances, setAction+"manualUpgrade/action", setUpdate, (*Server).manualUpgrade),
		entry("POST", inSet+"/reimage", "Reimage", setAction+"reimage/action", setUpdate, onInstances("Reimage")),
		entry("POST", inSet+"/reimageall", "ReimageAll", setAction+"reimageAll/action", setUpdate, onInstances("ReimageAll")),
		entry("POST", inSet+"/delete", "DeleteInstances", setAction+"delete/action", setUpdate, (*Server).deleteInstances),
		entry("POST", inSet+"/deallocate", "Deallocate", setAction+"deallocate/action", setDelete, onInstances("Deallocate")),
		entry("POST", inSet+"/start", "Start", setAction+"start/action", setUpdate, onInstances("Start")),
		entry("POST", inSet+"/restart", "Restart", setAction+"restart/action", setUpdate, onInstances("Restart")),
		entry("POST", inSet+"/redeploy", "Redeploy", setAction+"redeploy/action", setUpdate, onInstances("Restart")),
		entry("POST", inSet+"/poweroff", "PowerOff", setAction+"powerOff/action", setDelete, onInstances("PowerOff")),
		entry("POST", inSet+"/setorchestrationservicestate", "SetOrchestrationServiceState",
			setAction+"setOrchestrationServiceState/action", setUpdate, (*Server).setOrchestrationServiceState),
	}
}

func vmRoutes() []*route {
	list := []*route{
		entry("GET", inCompute+"/virtualmachines", "VirtualMachines.ListAll", "Microsoft.Compute/virtualMachines/read", vmHighCost, (*Server).listMachines),
		entry("GET", inSet+"/virtualmachines", opListVMs, vmAction+"read", setHighCost, (*Server).listVMs),
		entry("GET", inVM, "VMs.Get", vmAction+"read", vmGet, (*Server).getVM),
		entry("GET", inVM+"/instanceview", "VMs.GetInstanceView", vmAction+"instanceView/read", vmGet, (*Server).getVMView),
		entry("PUT", inVM, "VMs.Update", vmAction+"write", vmUpdate, (*Server).putVM),
		entry("DELETE", inVM, "VMs.Delete", vmAction+"delete", vmDelete, (*Server).deleteVM),
		entry("POST", inVM+"/runcommand", "VMs.RunCommand", vmAction+"runCommand/action", vmUpdate, (*Server).commandOfVM),
		entry("GET", inMachine, "VirtualMachines.Get", "Microsoft.Compute/virtualMachines/read", vmGet, (*Server).getMachine),
		entry("POST", inMachine+"/runcommand", "VirtualMachines.RunCommand", "Microsoft.Compute/virtualMachines/runCommand/action",
			machineUpdate, (*Server).commandOfMachine),
		entry("GET", inVM+"/extensions", "VMExtensions.List", vmAction+"extensions/read", vmGet, (*Server).listVMExtensions),
		entry("GET", inVM+"/extensions/{extension}", "VMExtensions.Get", vmAction+"extensions/read", vmGet, (*Server).getVMExtension),
	}
	for verb, bucket := range map[string]bucketPolicy{
		"Reimage": vmUpdate, "ReimageAll": vmUpdate, "Start": vmUpdate, "Restart": vmUpdate, "Deallocate": vmDelete, "PowerOff": vmDelete,
	} {
		action := strings.ToLower(verb[:1]) + verb[1:]
		list = append(list, entry("POST", inVM+"/"+action, "VMs."+verb, vmAction+action+"/action", bucket, onVM(verb)))
	}
	return append(list, entry("POST", inVM+"/redeploy", "VMs.Redeploy", vmAction+"redeploy/action", vmUpdate, onVM("Restart")))
}

func extensionRoutes() []*route {
	const extensions = inSet + "/extensions"
	return []*route{
		entry("GET", extensions, "Extensions.List", setAction+"extensions/read", setLowCost, (*Server).listExtensions),
		entry("GET", extensions+"/{extension}", "Extensions.Get", setAction+"extensions/read", setLowCost, (*Server).getExtension),
		entry("PUT", extensions+"/{extension}", "Extensions.CreateOrUpdate", setAction+"extensions/write", setUpdate, (*Server).putExtension),
		entry("PATCH", extensions+"/{extension}", "Extensions.Update", setAction+"extensions/write", setUpdate, (*Server).patchExtension),
		entry("DELETE", extensions+"/{extension}", "Extensions.Delete", setAction+"extensions/delete", setUpdate, (*Server).deleteExtension),
	}
}

func rollingRoutes() []*route {
	return []*route{
		entry("GET", inSet+"/rollingupgrades/latest", "RollingUpgrades.GetLatest", setAction+"rollingUpgrades/read", setLowCost, (*Server).latestRolling),
		entry("POST", inSet+"/rollingupgrades/cancel", "RollingUpgrades.Cancel", setAction+"rollingUpgrades/action", setUpdate, (*Server).cancelRolling),
		entry("POST", inSet+"/osrollingupgrade", "RollingUpgrades.StartOSUpgrade", setAction+"osRollingUpgrade/action", setUpdate, (*Server).startOSRolling),
		entry("POST", inSet+"/extensionrollingupgrade", "RollingUpgrades.StartExtensionUpgrade", setAction+"extensionRollingUpgrade/action",
			setUpdate, (*Server).startExtensionRolling),
		entry("GET", inSet+"/osupgradehistory", "GetOSUpgradeHistory", setAction+"osUpgradeHistory/read", setLowCost, (*Server).osUpgradeHistory),
	}
}

// find is the route of a call, with what its path says.
func find(method, path string) (*route, map[string]string) {
	parts := segments(path)
	for _, r := range routes[method] {
		if args, ok := r.match(parts); ok {
			return r, args
		}
	}
	return nil, nil
}

func (r *route) match(parts []string) (map[string]string, bool) {
	if len(parts) != len(r.pattern) {
		return nil, false
	}
	for i, p := range r.pattern {
		if p[0] != '{' && !strings.EqualFold(p, parts[i]) {
			return nil, false
		}
	}
	args := map[string]string{}
	for i, p := range r.pattern {
		if p[0] == '{' {
			args[p[1:len(p)-1]] = parts[i]
		}
	}
	return args, true
}
