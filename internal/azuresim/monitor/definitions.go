package monitor

import (
	"net/http"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/throttle/ratelimit"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
)

// definitionRoutes let clients ask which metrics there are, as `az monitor metrics list-definitions` does.
func (s *Provider) definitionRoutes() []*arm.Route {
	const definitions, read = "/providers/microsoft.insights/metricdefinitions", "Microsoft.Insights/metricDefinitions/read"
	return []*arm.Route{
		arm.NewRoute("GET", arm.SetPath+definitions, "MetricDefinitions.List", read, ratelimit.Unlimited,
			func(r *arm.Request) (*arm.Response, *arm.Error) {
				set, err := s.FindSet(r)
				if err != nil {
					return nil, err
				}
				return definitionsOf(set.ARMID(), "Microsoft.Compute/virtualMachineScaleSets", "VMName"), nil
			}),
		arm.NewRoute("GET", arm.VirtualMachinePath+definitions, "MetricDefinitions.List", read, ratelimit.Unlimited,
			func(r *arm.Request) (*arm.Response, *arm.Error) {
				if err := s.FindGroup(r); err != nil {
					return nil, err
				}
				inst := s.FindVirtualMachine(r)
				if inst == nil {
					return nil, arm.TypedNotFound("Microsoft.Compute/virtualMachines", r.Args["vm"], r.Args["group"])
				}
				return definitionsOf(inst.VirtualMachineID(), "Microsoft.Compute/virtualMachines"), nil
			}),
	}
}

func definitionsOf(id, namespace string, dimensions ...string) *arm.Response {
	list := []tree.Members{}
	for _, m := range metrics {
		names := []any{}
		for _, d := range dimensions {
			names = append(names, localized(d))
		}
		list = append(list, tree.Members{
			{"id", id + "/providers/Microsoft.Insights/metricDefinitions/" + m.Name}, {"resourceId", id}, {"namespace", namespace},
			{"name", localized(m.Name)}, {"isDimensionRequired", false}, {"unit", m.unit}, {"primaryAggregationType", m.aggregation},
			{"supportedAggregationTypes", []string{"None", "Average", "Minimum", "Maximum", "Total", "Count"}},
			{"metricAvailabilities", []tree.Members{{{"timeGrain", "PT1M"}, {"retention", "P93D"}}}}, {"dimensions", names},
		})
	}
	return arm.Answer(http.StatusOK, tree.Members{{"value", list}})
}
