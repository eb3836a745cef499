package render

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/vmprofile"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/vmss"
)

// View returns the instance view: the state of an instance as seen by the platform and by the agent.
func (l Snapshot) View(version arm.APIVersion) tree.Members {
	m := tree.Members{{"placementGroupId", l.Set.Placement.String()}, {"platformUpdateDomain", l.Fault}, {"platformFaultDomain", l.Fault}}
	if l.Set.IsFlexible() {
		m = m[2:] // it has neither
	}
	m = append(m, l.guest()...)
	if l.state.Health != vmss.HealthMissing && l.state.Model.Health != vmprofile.HealthNone && l.state.Power != vmss.Deallocated {
		m = append(m, tree.Member{"vmHealth", l.vmHealth()})
	}
	m = append(m, tree.Member{"disks", l.diskViews()})
	if extensions := l.extensionViews(); len(extensions) > 0 && l.state.Power == vmss.Running {
		m = append(m, tree.Member{"extensions", extensions})
	}
	m = append(m, tree.Member{"hyperVGeneration", l.Set.Server.GenerationOf(l.state.Model)})
	if version.Since("2024-11-01") {
		m = append(m, tree.Member{"capacityReservationType", "NotEligible"})
	}
	return append(m, tree.Member{"statuses", l.statuses()})
}

func (l Snapshot) diskViews() []tree.Members {
	names := []string{l.DiskName()}
	for i := range tree.ArrayAt(l.state.Model.Profile, "storageProfile", "dataDisks") {
		names = append(names, l.dataDiskName(i))
	}
	views := make([]tree.Members, 0, len(names))
	for _, name := range names {
		views = append(views, tree.Members{
			{"name", name}, {"statuses", []tree.Members{l.status("ProvisioningState/succeeded", "Provisioning succeeded",
				time.Unix(0, l.Attached))}},
		})
	}
	return views
}

// agentTime is how the guest agent writes times.
const agentTime = "2006-01-02T15:04:05+00:00"

func (l Snapshot) stateTime() time.Time { return time.Unix(0, l.state.Since) }

// guest returns the part that only an instance that runs, or was on, can report.
func (l Snapshot) guest() tree.Members {
	if l.state.Power == vmss.Deallocated || l.state.Power == vmss.Starting {
		return nil
	}
	osName, osVersion, agent := "ubuntu", "22.04", "Guest Agent is running"
	if l.osType() == "Windows" {
		osName, osVersion = "Windows Server 2019 Datacenter", "10.0.17763.9376"
		agent = "GuestAgent is running and processing the extensions."
	}
	var handlers any
	if list := l.handlers(); len(list) > 0 || l.osType() == "Linux" { // only Linux agents list none
		handlers = list
	}
	return tree.Members{
		{"computerName", l.ComputerName()}, {"osName", osName}, {"osVersion", osVersion},
		{"vmAgent", tree.Members{
			{"vmAgentVersion", "2.11.1.4"},
			{"statuses", []tree.Members{{
				{"code", "ProvisioningState/succeeded"}, {"level", "Info"}, {"displayStatus", "Ready"},
				{"message", agent}, {"time", l.stateTime().UTC().Format(agentTime)},
			}}},
			{"extensionHandlers", handlers},
		}},
	}
}

// handlers are the agent's, by type.
func (l Snapshot) handlers() []tree.Members {
	handlers := []tree.Members{}
	for _, e := range l.state.Model.Extensions {
		handlers = append(handlers, tree.Members{
			{"type", e.Publisher() + "." + e.Kind()}, {"typeHandlerVersion", l.handlerVersion(e)},
			{"status", l.status("ProvisioningState/succeeded", "Ready", time.Time{})},
		})
	}
	slices.SortFunc(handlers, func(a, b tree.Members) int { return strings.Compare(a.Text(0), b.Text(0)) })
	return handlers
}

// handlerVersion is the version of the extension's program. An upgrade of it moves that of the instance, never that of the model.
func (l Snapshot) handlerVersion(e *vmprofile.Extension) string {
	version := tree.StringAt(e.Properties, "typeHandlerVersion")
	if strings.Count(version, ".") != 1 {
		return version
	}
	if e.IsScript() {
		return version + ".0.0"
	}
	return version + "." + strconv.Itoa(l.HandlerUpgrades) + ".0"
}

func (l Snapshot) status(code, display string, t time.Time) tree.Members {
	m := tree.Members{{"code", code}, {"level", "Info"}, {"displayStatus", display}}
	if !t.IsZero() {
		m = append(m, tree.Member{"time", arm.FormatTime(t)})
	}
	return m
}

func (l Snapshot) extensionViews() []tree.Members {
	views := make([]tree.Members, 0, len(l.state.Model.Extensions))
	for _, e := range l.state.Model.Extensions {
		status := tree.Members{{"code", "ProvisioningState/succeeded"}, {"level", "Info"}, {"displayStatus", "Provisioning succeeded"}}
		if e.IsScript() {
			r := l.Results[e.Name]
			status[0][1] = r.Code()
			if r.Failed() {
				status[1][1], status[2][1] = "Error", "Provisioning failed"
			}
			status = append(status, tree.Member{"message", r.Message()})
		} else if e.InstallsApplications() {
			r := l.Results[e.Name]
			if r.Failed() {
				status[0][1], status[1][1], status[2][1] = r.Code(), "Error", "Provisioning failed"
			}
			status = append(status, tree.Member{"message", l.Applications.Message(e)})
		} else {
			status = append(status, tree.Member{"message", "Enable " + e.Kind() + " extension complete"})
		}
		views = append(views, tree.Members{
			{"name", e.Name}, {"type", e.Publisher() + "." + e.Kind()}, {"typeHandlerVersion", l.handlerVersion(e)},
			{"statuses", []tree.Members{status}},
		})
	}
	return views
}

// vmHealth is there only where health is monitored (docs/azure.md §1.3).
func (l Snapshot) vmHealth() tree.Members {
	display := map[vmss.Health]string{
		vmss.Healthy: "The VM is reporting itself as healthy", vmss.Unhealthy: "The VM is reporting itself as unhealthy",
		vmss.HealthUnknown:      "The VM is reporting itself in unknown state",
		vmss.HealthInitializing: "The VM is reporting itself as initializing",
	}[l.state.Health]
	return tree.Members{{"status", l.status("HealthState/"+l.state.Health.String(), display, time.Unix(0, l.healthTime))}}
}

func (l Snapshot) statuses() []tree.Members {
	p := l.state.Provisioning
	display := map[vmss.Provisioning]string{
		vmss.Creating: "Creating", vmss.Updating: "Updating", vmss.Succeeded: "Provisioning succeeded", vmss.Failed: "Provisioning failed",
		vmss.Deleting: "Deleting",
	}[p]
	code := "ProvisioningState/" + strings.ToLower(p.String())
	status := l.status(code, display, l.stateTime())
	if p == vmss.Updating || p == vmss.Creating || p == vmss.Deleting {
		status = l.status(code, display, time.Time{}) // it has no time until it is over
	}
	if p == vmss.Failed {
		if failure := failureOf(l.Instance); failure != nil {
			status = tree.Members{
				{"code", code + "/" + failure.Code}, {"level", "Error"}, {"displayStatus", display},
				{"message", failure.Message}, {"time", arm.FormatTime(l.stateTime())},
			}
		}
	}
	return []tree.Members{status, l.status("PowerState/"+l.state.Power.String(), "VM "+l.state.Power.String(), time.Time{})}
}

// failureOf returns the reason why an instance failed: it got no host, or a script did; nil if that is not known.
func failureOf(inst *vmss.Instance) *arm.Error {
	if inst.Hostless != nil {
		return inst.Hostless
	}
	var names []string
	for name, r := range inst.Results {
		if r.Failed() {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	return inst.ScriptFailure(names)
}
