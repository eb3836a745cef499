package compute

import (
	"strings"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/throttle/ratelimit"
)

func (s *ScaleSets) setRoutes() []*arm.Route {
	return []*arm.Route{
		arm.NewRoute("GET", arm.SetsPath, "List", arm.SetAction+"read", ratelimit.SetHighCost, s.listSets),
		arm.NewRoute("GET", arm.ComputePath+"/virtualmachinescalesets", "ListAll", arm.SetAction+"read", ratelimit.SetHighCost, s.listSets),
		arm.NewRoute("GET", arm.ComputePath+"/locations/{location}/virtualmachinescalesets", "ListByLocation", arm.SetAction+"read",
			ratelimit.SetHighCost, s.listSets),
		arm.NewRoute("GET", arm.SetPath, "Get", arm.SetAction+"read", ratelimit.SetLowCost, s.getSet),
		arm.NewRoute("PUT", arm.SetPath, arm.OpCreateOrUpdate, arm.SetAction+"write", ratelimit.SetCreate, s.putSet),
		arm.NewRoute("PATCH", arm.SetPath, arm.OpUpdate, arm.SetAction+"write", ratelimit.SetUpdate, s.patchSet),
		arm.NewRoute("DELETE", arm.SetPath, "Delete", arm.SetAction+"delete", ratelimit.SetDelete, s.deleteSet),
		arm.NewRoute("GET", arm.SetPath+"/instanceview", "GetInstanceView", arm.SetAction+"instanceView/read", ratelimit.SetHighCost,
			s.getSetView),
		arm.NewRoute("GET", arm.SetPath+"/skus", "ListSkus", arm.SetAction+"skus/read", ratelimit.SetLowCost, s.listSKUs),
		arm.NewRoute("POST", arm.SetPath+"/setorchestrationservicestate", "SetOrchestrationServiceState",
			arm.SetAction+"setOrchestrationServiceState/action", ratelimit.SetUpdate, s.setOrchestrationServiceState),
	}
}

func (s *instances) actionRoutes() []*arm.Route {
	return []*arm.Route{
		arm.NewRoute("POST", arm.SetPath+"/manualupgrade", arm.OpUpdateInstances, arm.SetAction+"manualUpgrade/action", ratelimit.SetUpdate,
			s.manualUpgrade),
		arm.NewRoute("POST", arm.SetPath+"/reimage", "Reimage", arm.SetAction+"reimage/action", ratelimit.SetUpdate, s.onInstances("Reimage")),
		arm.NewRoute("POST", arm.SetPath+"/reimageall", "ReimageAll", arm.SetAction+"reimageAll/action", ratelimit.SetUpdate,
			s.onInstances("ReimageAll")),
		arm.NewRoute("POST", arm.SetPath+"/delete", "DeleteInstances", arm.SetAction+"delete/action", ratelimit.SetUpdate, s.deleteInstances),
		arm.NewRoute("POST", arm.SetPath+"/deallocate", "Deallocate", arm.SetAction+"deallocate/action", ratelimit.SetDelete,
			s.onInstances("Deallocate")),
		arm.NewRoute("POST", arm.SetPath+"/start", "Start", arm.SetAction+"start/action", ratelimit.SetUpdate, s.onInstances("Start")),
		arm.NewRoute("POST", arm.SetPath+"/restart", "Restart", arm.SetAction+"restart/action", ratelimit.SetUpdate, s.onInstances("Restart")),
		arm.NewRoute("POST", arm.SetPath+"/redeploy", "Redeploy", arm.SetAction+"redeploy/action", ratelimit.SetUpdate, s.onInstances("Restart")),
		arm.NewRoute("POST", arm.SetPath+"/poweroff", "PowerOff", arm.SetAction+"powerOff/action", ratelimit.SetDelete,
			s.onInstances("PowerOff")),
	}
}

func (s *instances) vmRoutes() []*arm.Route {
	list := []*arm.Route{
		arm.NewRoute("GET", arm.SetPath+"/virtualmachines", arm.OpListVMs, arm.InstanceAction+"read", ratelimit.SetHighCost, s.listVMs),
		arm.NewRoute("GET", arm.InstancePath, "VMs.Get", arm.InstanceAction+"read", ratelimit.VMGet, s.getVM),
		arm.NewRoute("GET", arm.InstancePath+"/instanceview", "VMs.GetInstanceView", arm.InstanceAction+"instanceView/read", ratelimit.VMGet,
			s.getVMView),
		arm.NewRoute("PUT", arm.InstancePath, "VMs.Update", arm.InstanceAction+"write", ratelimit.VMUpdate, s.putVM),
		arm.NewRoute("DELETE", arm.InstancePath, "VMs.Delete", arm.InstanceAction+"delete", ratelimit.VMDelete, s.deleteVM),
		arm.NewRoute("GET", arm.InstancePath+"/extensions", "VMExtensions.List", arm.InstanceAction+"extensions/read", ratelimit.VMGet,
			s.listVMExtensions),
		arm.NewRoute("GET", arm.InstancePath+"/extensions/{extension}", "VMExtensions.Get", arm.InstanceAction+"extensions/read",
			ratelimit.VMGet, s.getVMExtension),
	}
	for verb, bucket := range map[string]ratelimit.Policy{
		"Reimage": ratelimit.VMUpdate, "ReimageAll": ratelimit.VMUpdate, "Start": ratelimit.VMUpdate, "Restart": ratelimit.VMUpdate,
		"Deallocate": ratelimit.VMDelete, "PowerOff": ratelimit.VMDelete,
	} {
		action := strings.ToLower(verb[:1]) + verb[1:]
		list = append(list, arm.NewRoute("POST", arm.InstancePath+"/"+action, "VMs."+verb, arm.InstanceAction+action+"/action", bucket,
			s.onVM(verb)))
	}
	return append(list,
		arm.NewRoute("POST", arm.InstancePath+"/redeploy", "VMs.Redeploy", arm.InstanceAction+"redeploy/action", ratelimit.VMUpdate,
			s.onVM("Restart")),
		arm.NewRoute("POST", arm.InstancePath+"/simulateeviction", "VMs.SimulateEviction", arm.InstanceAction+"simulateEviction/action",
			ratelimit.VMUpdate, finder(s.FindVM).handle(simulateEviction)))
}

func (s *extensions) extensionRoutes() []*arm.Route {
	const extensions = arm.SetPath + "/extensions"
	return []*arm.Route{
		arm.NewRoute("GET", extensions, "Extensions.List", arm.SetAction+"extensions/read", ratelimit.SetLowCost, s.listExtensions),
		arm.NewRoute("GET", extensions+"/{extension}", "Extensions.Get", arm.SetAction+"extensions/read", ratelimit.SetLowCost, s.getExtension),
		arm.NewRoute("PUT", extensions+"/{extension}", "Extensions.CreateOrUpdate", arm.SetAction+"extensions/write", ratelimit.SetUpdate,
			s.putExtension),
		arm.NewRoute("PATCH", extensions+"/{extension}", "Extensions.Update", arm.SetAction+"extensions/write", ratelimit.SetUpdate,
			s.patchExtension),
		arm.NewRoute("DELETE", extensions+"/{extension}", "Extensions.Delete", arm.SetAction+"extensions/delete", ratelimit.SetUpdate,
			s.deleteExtension),
	}
}

func (s *rollingUpgrades) rollingRoutes() []*arm.Route {
	return []*arm.Route{
		arm.NewRoute("GET", arm.SetPath+"/rollingupgrades/latest", "RollingUpgrades.GetLatest", arm.SetAction+"rollingUpgrades/read",
			ratelimit.SetLowCost, s.latestRolling),
		arm.NewRoute("POST", arm.SetPath+"/rollingupgrades/cancel", "RollingUpgrades.Cancel", arm.SetAction+"rollingUpgrades/action",
			ratelimit.SetUpdate, s.cancelRolling),
		arm.NewRoute("POST", arm.SetPath+"/osrollingupgrade", "RollingUpgrades.StartOSUpgrade", arm.SetAction+"osRollingUpgrade/action",
			ratelimit.SetUpdate, s.startOSRolling),
		arm.NewRoute("POST", arm.SetPath+"/extensionrollingupgrade", "RollingUpgrades.StartExtensionUpgrade",
			arm.SetAction+"extensionRollingUpgrade/action",
			ratelimit.SetUpdate, s.startExtensionRolling),
		arm.NewRoute("GET", arm.SetPath+"/osupgradehistory", "GetOSUpgradeHistory", arm.SetAction+"osUpgradeHistory/read", ratelimit.SetLowCost,
			s.osUpgradeHistory),
	}
}

func (s *runCommands) commandRoutes() []*arm.Route {
	return []*arm.Route{
		arm.NewRoute("POST", arm.InstancePath+"/runcommand", "VMs.RunCommand", arm.InstanceAction+"runCommand/action", ratelimit.VMUpdate,
			s.commandOfVM),
		arm.NewRoute("POST", arm.VirtualMachinePath+"/runcommand", "VirtualMachines.RunCommand",
			"Microsoft.Compute/virtualMachines/runCommand/action", ratelimit.VirtualMachineUpdate, s.commandOfVirtualMachine),
	}
}

func (s *virtualMachines) virtualMachineRoutes() []*arm.Route {
	const action, extensions = "Microsoft.Compute/virtualMachines/", arm.VirtualMachinePath + "/extensions"
	list := []*arm.Route{
		arm.NewRoute("GET", arm.ComputePath+"/virtualmachines", arm.OpListAllVirtualMachines, action+"read", ratelimit.VMHighCost,
			s.listVirtualMachines),
		arm.NewRoute("GET", arm.VirtualMachinesPath, arm.OpListVirtualMachines, action+"read", ratelimit.VMHighCost, s.listVirtualMachines),
		arm.NewRoute("GET", arm.VirtualMachinePath, "VirtualMachines.Get", action+"read", ratelimit.VMGet, s.on(s.get)),
		arm.NewRoute("GET", arm.VirtualMachinePath+"/instanceview", "VirtualMachines.InstanceView", action+"instanceView/read", ratelimit.VMGet,
			s.on(s.view)),
		arm.NewRoute("DELETE", arm.VirtualMachinePath, "VirtualMachines.Delete", action+"delete", ratelimit.VMDelete, s.on(s.delete)),
		arm.NewRoute("GET", extensions, "VirtualMachineExtensions.List", action+"extensions/read", ratelimit.VMGet, s.on(s.extensions)),
		arm.NewRoute("GET", extensions+"/{extension}", "VirtualMachineExtensions.Get", action+"extensions/read", ratelimit.VMGet,
			s.on(s.extension)),
	}
	list = append(list, arm.NewRoute("POST", arm.VirtualMachinePath+"/simulateeviction", "VirtualMachines.SimulateEviction",
		action+"simulateEviction/action", ratelimit.VirtualMachineUpdate, s.on(simulateEviction)))
	for verb := range verbs {
		name := strings.ToLower(verb[:1]) + verb[1:]
		if verb != "ReimageAll" {
			list = append(list, arm.NewRoute("POST", arm.VirtualMachinePath+"/"+name, "VirtualMachines."+verb, action+name+"/action",
				ratelimit.VirtualMachineUpdate, s.on(s.act(verb))))
		}
	}
	return list
}
