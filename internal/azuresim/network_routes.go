package azuresim

import (
	"net/http"
	"strings"
)

const (
	inNetwork   = inSubscription + "/providers/microsoft.network"
	inNIC       = inVM + "/networkinterfaces/{nic}"
	inIPConfig  = inNIC + "/ipconfigurations/{ipconfig}"
	netActions  = "Microsoft.Network/"
	nicRead     = vmAction + "networkInterfaces/read"
	ipRead      = vmAction + "networkInterfaces/ipConfigurations/publicIPAddresses/read"
	inNetworkIn = inNetwork + "/locations/{location}"
)

// networkRoutes are the operations of the network provider.
func (s *network) networkRoutes() []*route {
	list := append(s.kindRoutes(loadBalancers, "LoadBalancers"), s.kindRoutes(publicIPAddresses, "PublicIPAddresses")...)
	list = append(list, s.childRoutes()...)
	list = append(list, s.interfaceRoutes()...)
	status := entry("GET", inNetworkIn+"/operations/{operation}", "NetworkOperations.Get", "", unlimited, s.getOperation)
	result := entry("GET", inNetworkIn+"/operationresults/{operation}", "NetworkOperations.Result", "", unlimited, s.netResult)
	status.kind, result.kind = kindPoll, kindPoll
	list = append(list, status, result)
	for _, r := range list {
		r.foreign = true
	}
	return list
}

// kindRoutes are the operations that every type of network resources has.
func (s *network) kindRoutes(k *netKind, short string) []*route {
	inGroupAll := inGroup + "/providers/microsoft.network/" + k.name
	one, action := inGroupAll+"/{name}", netActions+k.name+"/"
	return []*route{
		entry("GET", inNetwork+"/"+k.name, short+".ListAll", action+"read", unlimited, s.listNet(k)),
		entry("GET", inGroupAll, short+".List", action+"read", unlimited, s.listNet(k)),
		entry("GET", one, short+".Get", action+"read", unlimited, s.getNet(k)),
		entry("PUT", one, short+".CreateOrUpdate", action+"write", unlimited, s.putNet(k)),
		entry("PATCH", one, short+".UpdateTags", action+"write", unlimited, s.patchNetTags(k)),
		entry("DELETE", one, short+".Delete", action+"delete", unlimited, s.deleteNet(k)),
	}
}

// childRoutes are the operations on parts of load balancers. Most parts are written with the whole only.
func (s *network) childRoutes() []*route {
	one := inGroup + "/providers/microsoft.network/loadbalancers/{name}/"
	action := netActions + loadBalancers.name + "/"
	var list []*route
	for _, k := range childKinds {
		if !k.served {
			continue
		}
		short := strings.ToUpper(k.name[:1]) + k.name[1:]
		list = append(list,
			entry("GET", one+k.name, short+".List", action+k.name+"/read", unlimited, s.listChildren(k)),
			entry("GET", one+k.name+"/{child}", short+".Get", action+k.name+"/read", unlimited, s.getChild(k)))
		if k.writable {
			list = append(list,
				entry("PUT", one+k.name+"/{child}", short+".CreateOrUpdate", action+k.name+"/write", unlimited, s.putChild(k)),
				entry("DELETE", one+k.name+"/{child}", short+".Delete", action+k.name+"/delete", unlimited, s.deleteChild(k)))
		}
	}
	query := entry("POST", one+"backendAddressPools/{child}/queryInboundNatRulePortMapping", "LoadBalancers.ListInboundNatRulePortMappings",
		action+"backendAddressPools/queryInboundNatRulePortMapping/action", unlimited, s.queryPortMapping)
	return append(list, query, entry(http.MethodGet, one+"networkInterfaces", "LoadBalancers.ListNetworkInterfaces",
		action+"networkInterfaces/read", unlimited, s.listBalancerInterfaces))
}

// interfaceRoutes lie under the compute provider's paths where machines are of Uniform sets, but are the network provider's, with its
// api-versions.
func (s *network) interfaceRoutes() []*route {
	const interfaces, read = "/networkinterfaces", netActions + "networkInterfaces/read"
	inGroupAll := inGroup + "/providers/microsoft.network" + interfaces
	return []*route{
		entry("GET", inNetwork+interfaces, "Interfaces.ListAll", read, unlimited, s.listInterfaces),
		entry("GET", inGroupAll, "Interfaces.List", read, unlimited, s.listInterfaces),
		entry("GET", inGroupAll+"/{nic}", "Interfaces.GetOne", read, unlimited, s.getOneInterface),
		entry("GET", inSet+"/networkinterfaces", "Interfaces.ListSet", setAction+"networkInterfaces/read", unlimited, s.listSetInterfaces),
		entry("GET", inVM+"/networkinterfaces", "Interfaces.ListVM", nicRead, unlimited, s.listVMInterfaces),
		entry("GET", inNIC, "Interfaces.Get", nicRead, unlimited, s.getInterface),
		entry("GET", inNIC+"/ipconfigurations", "Interfaces.ListIPConfigurations", nicRead, unlimited, s.listIPConfigs),
		entry("GET", inIPConfig, "Interfaces.GetIPConfiguration", nicRead, unlimited, s.getIPConfig),
		entry("GET", inSet+"/publicipaddresses", "PublicIPAddresses.ListSet", setAction+"publicIPAddresses/read", unlimited, s.listSetAddresses),
		entry("GET", inIPConfig+"/publicipaddresses", "PublicIPAddresses.ListVM", ipRead, unlimited, s.listVMAddresses),
		entry("GET", inIPConfig+"/publicipaddresses/{address}", "PublicIPAddresses.GetVM", ipRead, unlimited, s.getVMAddress),
	}
}
