package arm

import "testing"

// TestRemediationOfWhatIsForbidden names the role that is missing, and where.
func TestRemediationOfWhatIsForbidden(t *testing.T) {
	const group = "/subscriptions/s/resourceGroups/net-rg"
	for name, c := range map[string]struct{ action, scope, role, at string }{
		"a list": {"Microsoft.Network/networkInterfaces/read", group + "/providers/Microsoft.Network", "Reader", group},
		"a part": {"Microsoft.Network/publicIPAddresses/read", group + "/providers/Microsoft.Network/publicIPAddresses/ip", "Reader",
			group + "/providers/Microsoft.Network/publicIPAddresses/ip"},
		"metrics": {"microsoft.insights/metrics/read", group + "/providers/Microsoft.Compute/virtualMachines/v/providers/microsoft.insights",
			"Reader", group + "/providers/Microsoft.Compute/virtualMachines/v"},
		"no scope":  {"Microsoft.Insights/metrics/read", "", "Reader", web.ID()},
		"compute":   {"Microsoft.Compute/virtualMachineScaleSets/networkInterfaces/read", web.ID(), "'VMSS Rollouts'", web.ID()},
		"an effect": {"Microsoft.Network/loadBalancers/write", group, "'VMSS Rollouts'", web.ID()},
	} {
		t.Run(name, func(t *testing.T) {
			a := answer{Message: "does not have authorization to perform action '" + c.action + "' over scope '" + c.scope +
				"' or the scope is invalid"}
			want := "az role assignment create --assignee-object-id OBJECT_ID --assignee-principal-type ServicePrincipal --role " + c.role +
				" --scope " + c.at
			if got := grant(web, a); got != want {
				t.Errorf("want %s\n got %s", want, got)
			}
		})
	}
}
