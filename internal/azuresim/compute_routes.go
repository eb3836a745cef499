package azuresim

import "strings"

func (s *scaleSets) setRoutes() []*route {
	return []*route{
		entry("GET", inSets, "List", setAction+"read", setHighCost, s.listSets),
		entry("GET", inCompute+"/virtualmachinescalesets", "ListAll", setAction+"read", setHighCost, s.listSets),
		entry("GET", inCompute+"/locations/{location}/virtualmachinescalesets", "ListByLocation", setAction+"read", setHighCost, s.listSets),
		entry("GET", inSet, "Get", setAction+"read", setLowCost, s.getSet),
		entry("PUT", inSet, opCreateOrUpdate, setAction+"write", setCreate, s.putSet),
		entry("PATCH", inSet, opUpdate, setAction+"write", setUpdate, s.patchSet),
		entry("DELETE", inSet, "Delete", setAction+"delete", setDelete, s.deleteSet),
		entry("GET", inSet+"/instanceview", "GetInstanceView", setAction+"instanceView/read", setHighCost, s.getSetView),
		entry("GET", inSet+"/skus", "ListSkus", setAction+"skus/read", setLowCost, s.listSKUs),
		entry("POST", inSet+"/setorchestrationservicestate", "SetOrchestrationServiceState",
			setAction+"setOrchestrationServiceState/action", setUpdate, s.setOrchestrationServiceState),
	}
}

func (s *instances) actionRoutes() []*route {
	return []*route{
		entry("POST", inSet+"/manualupgrade", opUpdateInstances, setAction+"manualUpgrade/action", setUpdate, s.manualUpgrade),
		entry("POST", inSet+"/reimage", "Reimage", setAction+"reimage/action", setUpdate, s.onInstances("Reimage")),
		entry("POST", inSet+"/reimageall", "ReimageAll", setAction+"reimageAll/action", setUpdate, s.onInstances("ReimageAll")),
		entry("POST", inSet+"/delete", "DeleteInstances", setAction+"delete/action", setUpdate, s.deleteInstances),
		entry("POST", inSet+"/deallocate", "Deallocate", setAction+"deallocate/action", setDelete, s.onInstances("Deallocate")),
		entry("POST", inSet+"/start", "Start", setAction+"start/action", setUpdate, s.onInstances("Start")),
		entry("POST", inSet+"/restart", "Restart", setAction+"restart/action", setUpdate, s.onInstances("Restart")),
		entry("POST", inSet+"/redeploy", "Redeploy", setAction+"redeploy/action", setUpdate, s.onInstances("Restart")),
		entry("POST", inSet+"/poweroff", "PowerOff", setAction+"powerOff/action", setDelete, s.onInstances("PowerOff")),
	}
}

func (s *instances) vmRoutes() []*route {
	list := []*route{
		entry("GET", inSet+"/virtualmachines", opListVMs, vmAction+"read", setHighCost, s.listVMs),
		entry("GET", inVM, "VMs.Get", vmAction+"read", vmGet, s.getVM),
		entry("GET", inVM+"/instanceview", "VMs.GetInstanceView", vmAction+"instanceView/read", vmGet, s.getVMView),
		entry("PUT", inVM, "VMs.Update", vmAction+"write", vmUpdate, s.putVM),
		entry("DELETE", inVM, "VMs.Delete", vmAction+"delete", vmDelete, s.deleteVM),
		entry("GET", inVM+"/extensions", "VMExtensions.List", vmAction+"extensions/read", vmGet, s.listVMExtensions),
		entry("GET", inVM+"/extensions/{extension}", "VMExtensions.Get", vmAction+"extensions/read", vmGet, s.getVMExtension),
	}
	for verb, bucket := range map[string]bucketPolicy{
		"Reimage": vmUpdate, "ReimageAll": vmUpdate, "Start": vmUpdate, "Restart": vmUpdate, "Deallocate": vmDelete, "PowerOff": vmDelete,
	} {
		action := strings.ToLower(verb[:1]) + verb[1:]
		list = append(list, entry("POST", inVM+"/"+action, "VMs."+verb, vmAction+action+"/action", bucket, s.onVM(verb)))
	}
	return append(list, entry("POST", inVM+"/redeploy", "VMs.Redeploy", vmAction+"redeploy/action", vmUpdate, s.onVM("Restart")))
}

func (s *extensions) extensionRoutes() []*route {
	const extensions = inSet + "/extensions"
	return []*route{
		entry("GET", extensions, "Extensions.List", setAction+"extensions/read", setLowCost, s.listExtensions),
		entry("GET", extensions+"/{extension}", "Extensions.Get", setAction+"extensions/read", setLowCost, s.getExtension),
		entry("PUT", extensions+"/{extension}", "Extensions.CreateOrUpdate", setAction+"extensions/write", setUpdate, s.putExtension),
		entry("PATCH", extensions+"/{extension}", "Extensions.Update", setAction+"extensions/write", setUpdate, s.patchExtension),
		entry("DELETE", extensions+"/{extension}", "Extensions.Delete", setAction+"extensions/delete", setUpdate, s.deleteExtension),
	}
}

func (s *rollingUpgrades) rollingRoutes() []*route {
	return []*route{
		entry("GET", inSet+"/rollingupgrades/latest", "RollingUpgrades.GetLatest", setAction+"rollingUpgrades/read", setLowCost, s.latestRolling),
		entry("POST", inSet+"/rollingupgrades/cancel", "RollingUpgrades.Cancel", setAction+"rollingUpgrades/action", setUpdate, s.cancelRolling),
		entry("POST", inSet+"/osrollingupgrade", "RollingUpgrades.StartOSUpgrade", setAction+"osRollingUpgrade/action", setUpdate, s.startOSRolling),
		entry("POST", inSet+"/extensionrollingupgrade", "RollingUpgrades.StartExtensionUpgrade", setAction+"extensionRollingUpgrade/action",
			setUpdate, s.startExtensionRolling),
		entry("GET", inSet+"/osupgradehistory", "GetOSUpgradeHistory", setAction+"osUpgradeHistory/read", setLowCost, s.osUpgradeHistory),
	}
}

func (s *runCommands) commandRoutes() []*route {
	return []*route{
		entry("POST", inVM+"/runcommand", "VMs.RunCommand", vmAction+"runCommand/action", vmUpdate, s.commandOfVM),
		entry("POST", inMachine+"/runcommand", "VirtualMachines.RunCommand", "Microsoft.Compute/virtualMachines/runCommand/action",
			machineUpdate, s.commandOfMachine),
	}
}

func (s *virtualMachines) machineRoutes() []*route {
	return []*route{
		entry("GET", inCompute+"/virtualmachines", "VirtualMachines.ListAll", "Microsoft.Compute/virtualMachines/read", vmHighCost, s.listMachines),
		entry("GET", inMachine, "VirtualMachines.Get", "Microsoft.Compute/virtualMachines/read", vmGet, s.getMachine),
	}
}
