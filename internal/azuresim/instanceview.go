package azuresim

import (
	"slices"
	"strings"
	"time"
)

// view is the instance view: what the platform and the agent see of a machine.
func (l look) view(version apiVersion) members {
	m := members{{"placementGroupId", l.set.placement.String()}, {"platformUpdateDomain", l.fault}, {"platformFaultDomain", l.fault}}
	if l.set.isFlexible() {
		m = m[2:] // it has neither
	}
	m = append(m, l.guest()...)
	if l.state.health != healthMissing && l.state.model.health != healthNone && l.state.power != deallocated {
		m = append(m, member{"vmHealth", l.vmHealth()})
	}
	m = append(m, member{"disks", l.diskViews()})
	if extensions := l.extensionViews(); len(extensions) > 0 && l.state.power == running {
		m = append(m, member{"extensions", extensions})
	}
	m = append(m, member{"hyperVGeneration", "V1"})
	if version.since("2024-11-01") {
		m = append(m, member{"capacityReservationType", "NotEligible"})
	}
	return append(m, member{"statuses", l.statuses()})
}

func (l look) diskViews() []members {
	names := []string{l.diskName()}
	for i := range arrayAt(l.state.model.profile, "storageProfile", "dataDisks") {
		names = append(names, l.dataDiskName(i))
	}
	views := make([]members, 0, len(names))
	for _, name := range names {
		views = append(views, members{
			{"name", name}, {"statuses", []members{l.status("ProvisioningState/succeeded", "Provisioning succeeded", time.Unix(0, l.attached))}},
		})
	}
	return views
}

// agentTime is how the guest agent writes times.
const agentTime = "2006-01-02T15:04:05+00:00"

func (l look) stateTime() time.Time { return time.Unix(0, l.state.since) }

// guest is what only a machine that runs, or was on, can tell.
func (l look) guest() members {
	if l.state.power == deallocated || l.state.power == starting {
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
	return members{
		{"computerName", l.computerName()}, {"osName", osName}, {"osVersion", osVersion},
		{"vmAgent", members{
			{"vmAgentVersion", "2.11.1.4"},
			{"statuses", []members{{
				{"code", "ProvisioningState/succeeded"}, {"level", "Info"}, {"displayStatus", "Ready"},
				{"message", agent}, {"time", l.stateTime().UTC().Format(agentTime)},
			}}},
			{"extensionHandlers", handlers},
		}},
	}
}

// handlers are the agent's, by type.
func (l look) handlers() []members {
	handlers := []members{}
	for _, e := range l.state.model.extensions {
		handlers = append(handlers, members{
			{"type", e.publisher() + "." + e.kind()}, {"typeHandlerVersion", handlerVersion(e)},
			{"status", l.status("ProvisioningState/succeeded", "Ready", time.Time{})},
		})
	}
	slices.SortFunc(handlers, func(a, b members) int { return strings.Compare(a.text(0), b.text(0)) })
	return handlers
}

func handlerVersion(e *extension) string {
	version := stringAt(e.properties, "typeHandlerVersion")
	if strings.Count(version, ".") == 1 {
		version += ".0.0"
	}
	return version
}

func (l look) status(code, display string, t time.Time) members {
	m := members{{"code", code}, {"level", "Info"}, {"displayStatus", display}}
	if !t.IsZero() {
		m = append(m, member{"time", armTime(t)})
	}
	return m
}

func (l look) extensionViews() []members {
	views := make([]members, 0, len(l.state.model.extensions))
	for _, e := range l.state.model.extensions {
		status := members{{"code", "ProvisioningState/succeeded"}, {"level", "Info"}, {"displayStatus", "Provisioning succeeded"}}
		if e.isScript() {
			r := l.results[e.name]
			status[0][1] = r.code()
			if r.failed() {
				status[1][1], status[2][1] = "Error", "Provisioning failed"
			}
			status = append(status, member{"message", r.message()})
		} else {
			status = append(status, member{"message", "Enable " + e.kind() + " extension complete"})
		}
		views = append(views, members{
			{"name", e.name}, {"type", e.publisher() + "." + e.kind()}, {"typeHandlerVersion", handlerVersion(e)},
			{"statuses", []members{status}},
		})
	}
	return views
}

// vmHealth is there only where health is monitored (azure-facts §1.3).
func (l look) vmHealth() members {
	display := map[health]string{
		healthy: "The VM is reporting itself as healthy", unhealthy: "The VM is reporting itself as unhealthy",
		healthUnknown:      "The VM is reporting itself in unknown state",
		healthInitializing: "The VM is reporting itself as initializing",
	}[l.state.health]
	return members{{"status", l.status("HealthState/"+l.state.health.String(), display, time.Unix(0, l.healthTime))}}
}

func (l look) statuses() []members {
	p := l.state.provisioning
	display := map[provisioning]string{
		creating: "Creating", updating: "Updating", succeeded: "Provisioning succeeded", failed: "Provisioning failed", deleting: "Deleting",
	}[p]
	code := "ProvisioningState/" + strings.ToLower(p.String())
	status := l.status(code, display, l.stateTime())
	if p == updating || p == creating || p == deleting {
		status = l.status(code, display, time.Time{}) // it has no time until it is over
	}
	if p == failed {
		if failure := l.failure(); failure != nil {
			status = members{
				{"code", code + "/" + failure.code}, {"level", "Error"}, {"displayStatus", display},
				{"message", failure.message}, {"time", armTime(l.stateTime())},
			}
		}
	}
	return []members{status, l.status("PowerState/"+l.state.power.String(), "VM "+l.state.power.String(), time.Time{})}
}

// failure says why an instance failed; nil if no script did.
func (inst *instance) failure() *armError {
	var names []string
	for name, r := range inst.results {
		if r.failed() {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	return inst.scriptFailure(names)
}

// view of a scale set counts its instances by state.
func (set *scaleSet) view() members {
	counts := map[string]int{}
	var codes []string
	for _, inst := range set.instances {
		code := "ProvisioningState/" + strings.ToLower(inst.provisioning.String())
		if counts[code] == 0 {
			codes = append(codes, code)
		}
		counts[code]++
	}
	summary := []members{}
	for _, code := range codes {
		summary = append(summary, members{{"code", code}, {"count", counts[code]}})
	}
	m := members{{"virtualMachine", members{{"statusesSummary", summary}}}}
	if set.repairsOff || set.repairsEnabled() {
		state := "Running"
		if set.repairsOff {
			state = "Suspended"
		}
		m = append(m, member{"orchestrationServices", []members{{{"serviceName", "AutomaticRepairs"}, {"serviceState", state}}}})
	}
	state := set.provisioningState()
	display := "Provisioning " + strings.ToLower(state)
	if state == "Updating" || state == "Creating" || state == "Deleting" {
		display = state
	}
	return append(m, member{"statuses", []members{{
		{"code", "ProvisioningState/" + strings.ToLower(state)}, {"level", "Info"}, {"displayStatus", display}, {"time", armTime(set.changed)},
	}}})
}
