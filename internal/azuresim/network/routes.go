package network

import (
	"net/http"
	"strings"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/throttle/ratelimit"
)

const (
	inNetwork   = arm.SubscriptionPath + "/providers/microsoft.network"
	inNIC       = arm.InstancePath + "/networkinterfaces/{nic}"
	inIPConfig  = inNIC + "/ipconfigurations/{ipconfig}"
	netActions  = "Microsoft.Network/"
	nicRead     = arm.InstanceAction + "networkInterfaces/read"
	ipRead      = arm.InstanceAction + "networkInterfaces/ipConfigurations/publicIPAddresses/read"
	inNetworkIn = inNetwork + "/locations/{location}"
)

// Routes are the operations of the network provider.
func (s *Provider) Routes() []*arm.Route {
	list := append(s.kindRoutes(LoadBalancers, "LoadBalancers"), s.kindRoutes(PublicIPAddresses, "PublicIPAddresses")...)
	list = append(list, s.kindRoutes(VirtualNetworks, "VirtualNetworks")...)
	list = append(list, s.kindRoutes(NetworkSecurityGroups, "NetworkSecurityGroups")...)
	list = append(list, partRoutes(s, VirtualNetworks, "subnets")...)
	list = append(list, partRoutes(s, NetworkSecurityGroups, "securityRules")...)
	list = append(list, s.childRoutes()...)
	list = append(list, (&listing{s}).resourceRoutes()...)
	list = append(list, (&interfaces{s}).interfaceRoutes()...)
	status := arm.NewRoute("GET", inNetworkIn+"/operations/{operation}", "NetworkOperations.Get", "", ratelimit.Unlimited, s.GetOperation)
	result := arm.NewRoute("GET", inNetworkIn+"/operationresults/{operation}", "NetworkOperations.Result", "", ratelimit.Unlimited,
		s.netResult)
	status.Kind, result.Kind = arm.KindPoll, arm.KindPoll
	list = append(list, status, result)
	for _, r := range list {
		r.Foreign, r.Handle = true, identified(s, r.Handle)
	}
	return list
}

// identified gives answers the id that the network provider has for the request (azure-cli-2025-02__test_vmss_nics:7).
func identified(s *Provider, handle func(*arm.Request) (*arm.Response, *arm.Error)) func(*arm.Request) (*arm.Response, *arm.Error) {
	return func(r *arm.Request) (*arm.Response, *arm.Error) {
		res, err := handle(r)
		if err == nil {
			res.Header.Set("X-Ms-Arm-Service-Request-Id", s.GUID().String())
		}
		return res, err
	}
}

// kindRoutes are the operations that every type of network resources has.
func (s *Provider) kindRoutes(k *Kind, short string) []*arm.Route {
	inGroupAll := arm.GroupPath + "/providers/microsoft.network/" + k.name
	one, action := inGroupAll+"/{name}", netActions+k.name+"/"
	return []*arm.Route{
		arm.NewRoute("GET", inNetwork+"/"+k.name, short+".ListAll", action+"read", ratelimit.Unlimited, s.listNet(k)),
		arm.NewRoute("GET", inGroupAll, short+".List", action+"read", ratelimit.Unlimited, s.listNet(k)),
		arm.NewRoute("GET", one, short+".Get", action+"read", ratelimit.Unlimited, s.getNet(k)),
		arm.NewRoute("PUT", one, short+".CreateOrUpdate", action+"write", ratelimit.Unlimited, s.putNet(k)),
		arm.NewRoute("PATCH", one, short+".UpdateTags", action+"write", ratelimit.Unlimited, s.patchNetTags(k)),
		arm.NewRoute("DELETE", one, short+".Delete", action+"delete", ratelimit.Unlimited, s.deleteNet(k)),
	}
}

// childRoutes are the operations on parts of load balancers. Most parts are written with the whole only.
func (s *Provider) childRoutes() []*arm.Route {
	one := arm.GroupPath + "/providers/microsoft.network/loadbalancers/{name}/"
	action := netActions + LoadBalancers.name + "/"
	var list []*arm.Route
	for _, k := range ChildKinds {
		if !k.served {
			continue
		}
		short := strings.ToUpper(k.Name[:1]) + k.Name[1:]
		list = append(list,
			arm.NewRoute("GET", one+k.Name, short+".List", action+k.Name+"/read", ratelimit.Unlimited, s.listChildren(k)),
			arm.NewRoute("GET", one+k.Name+"/{child}", short+".Get", action+k.Name+"/read", ratelimit.Unlimited, s.getChild(k)))
		if k.writable {
			list = append(list,
				arm.NewRoute("PUT", one+k.Name+"/{child}", short+".CreateOrUpdate", action+k.Name+"/write", ratelimit.Unlimited, s.putChild(k)),
				arm.NewRoute("DELETE", one+k.Name+"/{child}", short+".Delete", action+k.Name+"/delete", ratelimit.Unlimited, s.deleteChild(k)))
		}
	}
	query := arm.NewRoute("POST", one+"backendAddressPools/{child}/queryInboundNatRulePortMapping",
		"LoadBalancers.ListInboundNatRulePortMappings",
		action+"backendAddressPools/queryInboundNatRulePortMapping/action", ratelimit.Unlimited, s.queryPortMapping)
	return append(list, query, arm.NewRoute(http.MethodGet, one+"networkInterfaces", "LoadBalancers.ListNetworkInterfaces",
		action+"networkInterfaces/read", ratelimit.Unlimited, (&interfaces{s}).listBalancerInterfaces))
}

// interfaceRoutes are routes of the network provider, with its api-versions. Those for instances of Uniform sets lie under the compute
// provider's paths.
func (s *interfaces) interfaceRoutes() []*arm.Route {
	const interfaces, read = "/networkinterfaces", netActions + "networkInterfaces/read"
	inGroupAll := arm.GroupPath + "/providers/microsoft.network" + interfaces
	return []*arm.Route{
		arm.NewRoute("GET", inNetwork+interfaces, "Interfaces.ListAll", read, ratelimit.Unlimited, s.listInterfaces),
		arm.NewRoute("GET", inGroupAll, "Interfaces.List", read, ratelimit.Unlimited, s.listInterfaces),
		arm.NewRoute("GET", inGroupAll+"/{nic}", "Interfaces.GetOne", read, ratelimit.Unlimited, s.getOneInterface),
		arm.NewRoute("GET", arm.SetPath+"/networkinterfaces", "Interfaces.ListSet", arm.SetAction+"networkInterfaces/read", ratelimit.Unlimited,
			s.listSetInterfaces),
		arm.NewRoute("GET", arm.InstancePath+"/networkinterfaces", "Interfaces.ListVM", nicRead, ratelimit.Unlimited, s.listVMInterfaces),
		arm.NewRoute("GET", inNIC, "Interfaces.Get", nicRead, ratelimit.Unlimited, s.getInterface),
		arm.NewRoute("GET", inNIC+"/ipconfigurations", "Interfaces.ListIPConfigurations", nicRead, ratelimit.Unlimited, s.listIPConfigs),
		arm.NewRoute("GET", inIPConfig, "Interfaces.GetIPConfiguration", nicRead, ratelimit.Unlimited, s.getIPConfig),
		arm.NewRoute("GET", arm.SetPath+"/publicipaddresses", "PublicIPAddresses.ListSet", arm.SetAction+"publicIPAddresses/read",
			ratelimit.Unlimited, s.listSetAddresses),
		arm.NewRoute("GET", inIPConfig+"/publicipaddresses", "PublicIPAddresses.ListVM", ipRead, ratelimit.Unlimited, s.listVMAddresses),
		arm.NewRoute("GET", inIPConfig+"/publicipaddresses/{address}", "PublicIPAddresses.GetVM", ipRead, ratelimit.Unlimited, s.getVMAddress),
	}
}
