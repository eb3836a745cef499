package azuresim

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

func (s *control) controlImage(body []byte, _ *http.Request) (any, error) {
	var in struct {
		ID          string            `json:"id"`
		Files       map[string]string `json:"files"`
		Marketplace string            `json:"marketplace"`
		Version     string            `json:"version"`
		DiskSizeGB  int               `json:"diskSizeGB"`
	}
	if err := readControl(body, &in); err != nil {
		return nil, err
	}
	if in.Marketplace != "" {
		return nil, s.publish(in.Marketplace, in.Version)
	}
	if in.ID == "" {
		return nil, badControl("an image needs an id")
	}
	image := Image{ID: in.ID, Files: map[string][]byte{}, DiskSizeGB: in.DiskSizeGB}
	for name, text := range in.Files {
		image.Files[name] = []byte(text)
	}
	s.images[strings.ToLower(in.ID)] = image
	return nil, nil
}

// stagedSet is a scale set that the control endpoint makes.
type stagedSet struct {
	ScaleSet      string          `json:"scaleSet"`
	Capacity      int             `json:"capacity"`
	Location      string          `json:"location"`
	Image         string          `json:"image"`
	Marketplace   json.RawMessage `json:"marketplace"`
	Zones         []string        `json:"zones"`
	Mode          string          `json:"mode"`
	Health        string          `json:"health"`
	Script        *stagedScript   `json:"script"`
	Overprovision bool            `json:"overprovision"`
	Orchestration string          `json:"orchestration"`
	Tags          object          `json:"tags"`
}

// stagedScript takes our names and those of the extension's settings.
type stagedScript struct {
	URIs             []string `json:"uris"`
	Command          string   `json:"command"`
	FileURIs         []string `json:"fileUris"`
	CommandToExecute string   `json:"commandToExecute"`
}

func (s *control) controlScaleSet(body []byte, _ *http.Request) (any, error) {
	var in stagedSet
	if err := readControl(body, &in); err != nil {
		return nil, err
	}
	id, err := setIDOf(in.ScaleSet)
	if err != nil {
		return nil, err
	}
	if s.sets[id.key()] != nil {
		return nil, &controlError{http.StatusConflict, fmt.Sprintf("scale set %q exists", in.ScaleSet)}
	}
	written, err := in.body(id.name)
	if err != nil {
		return nil, err
	}
	c, refusal := s.planWrite(nil, written, latestVersion)
	if refusal == nil {
		refusal = checkLimit(id.name, c)
	}
	if refusal != nil {
		return nil, badControl("%s: %s", refusal.code, refusal.message)
	}
	set := s.create(id, c)
	set.diskInfix = diskInfix(latestVersion)
	s.atOnce(func() { set.fillNew(byControl) })
	return set.body(latestVersion), nil
}

// latestVersion shows everything there is.
const latestVersion apiVersion = "2026-04-01"

// atOnce makes what it begins take no time.
func (s *control) atOnce(begin func()) {
	was, delay := s.durations, s.switches.HealthDelaySeconds
	s.durations, s.switches.HealthDelaySeconds = Durations{Scale: 1}, 0
	begin()
	s.durations = was
	s.catchUp()
	s.switches.HealthDelaySeconds = delay
}

// body is the ARM body of a staged scale set.
func (in stagedSet) body(name string) (object, error) {
	image, err := in.imageReference()
	if err != nil {
		return nil, err
	}
	profile := object{
		"osProfile":      object{"computerNamePrefix": prefixOf(name), "adminUsername": "azureuser"},
		"storageProfile": object{"imageReference": image},
		"networkProfile": in.network(name),
	}
	extensions, err := in.extensions()
	if err != nil {
		return nil, err
	}
	if len(extensions) > 0 {
		profile["extensionProfile"] = object{"extensions": extensions}
	}
	properties := object{
		"orchestrationMode":     cmp.Or(in.Orchestration, uniform),
		"upgradePolicy":         object{"mode": cmp.Or(in.Mode, "Manual")},
		"virtualMachineProfile": profile,
	}
	if !strings.EqualFold(in.Orchestration, flexible) {
		properties["overprovision"] = in.Overprovision
		if in.Capacity > mostOfGroup {
			properties["singlePlacementGroup"] = false
		}
	}
	body := object{
		"location":   cmp.Or(in.Location, "eastus"),
		"sku":        object{"name": "Standard_D2s_v3", "tier": "Standard", "capacity": json.Number(strconv.Itoa(in.Capacity))},
		"properties": properties,
	}
	if len(in.Zones) > 0 {
		zones := make([]any, len(in.Zones))
		for i, z := range in.Zones {
			zones[i] = z
		}
		body["zones"] = zones
	}
	if in.Tags != nil {
		body["tags"] = in.Tags
	}
	return body, nil
}

// prefixOf a scale set's computer names; they have room for nine characters.
func prefixOf(name string) string { return name[:min(len(name), 9)] }

// imageReference: a marketplace image is an object, or publisher:offer:sku:version.
func (in stagedSet) imageReference() (object, error) {
	if in.Image != "" {
		return object{"id": in.Image}, nil
	}
	if len(in.Marketplace) == 0 {
		return object{"publisher": "Canonical", "offer": "0001-com-ubuntu-server-jammy", "sku": "22_04-lts-gen2", "version": "latest"}, nil
	}
	if ref, err := parseObject(in.Marketplace); err == nil {
		return ref, nil
	}
	var urn string
	if err := json.Unmarshal(in.Marketplace, &urn); err != nil {
		return nil, badControl("marketplace is neither an object nor a string")
	}
	parts := strings.Split(urn, ":")
	if len(parts) != 4 {
		return nil, badControl("marketplace %q is not publisher:offer:sku:version", urn)
	}
	return object{"publisher": parts[0], "offer": parts[1], "sku": parts[2], "version": parts[3]}, nil
}

func (in stagedSet) network(name string) object {
	network := object{"networkInterfaceConfigurations": []any{object{
		"name": name, "properties": object{"primary": true, "ipConfigurations": []any{object{
			"name": name, "properties": object{"subnet": object{"id": in.network1("virtualNetworks/vnet/subnets/default")}},
		}}},
	}}}
	if in.Health == "probe" {
		network["healthProbe"] = object{"id": in.network1("loadBalancers/lb/probes/http")}
	}
	return network
}

// network1 is the id of a network resource beside the scale set.
func (in stagedSet) network1(rest string) string {
	group, _, _ := strings.Cut(in.ScaleSet, "/providers/")
	return group + "/providers/Microsoft.Network/" + rest
}

func (in stagedSet) extensions() ([]any, error) {
	var list []any
	switch in.Health {
	case "extension":
		list = append(list, object{"name": "HealthExtension", "properties": object{
			"publisher": "Microsoft.ManagedServices", "type": "ApplicationHealthLinux", "typeHandlerVersion": "1.0",
			"autoUpgradeMinorVersion": true,
			"settings":                object{"protocol": "http", "port": json.Number("8080"), "requestPath": "/"},
		}})
	case "", "none", "probe":
	default:
		return nil, badControl("health %q is none of extension, probe, none", in.Health)
	}
	if in.Script != nil {
		list = append(list, object{"name": "CustomScript", "properties": object{
			"publisher": "Microsoft.Azure.Extensions", "type": "CustomScript", "typeHandlerVersion": "2.1",
			"autoUpgradeMinorVersion": true, "settings": in.Script.settings(),
		}})
	}
	return list, nil
}

func (in stagedScript) settings() object {
	settings := object{"commandToExecute": cmp.Or(in.Command, in.CommandToExecute)}
	var uris []any
	for _, u := range append(in.URIs, in.FileURIs...) {
		uris = append(uris, u)
	}
	if uris != nil {
		settings["fileUris"] = uris
	}
	return settings
}

func (s *control) controlScale(body []byte, _ *http.Request) (any, error) {
	var in struct {
		ScaleSet string `json:"scaleSet"`
		Capacity *int   `json:"capacity"`
	}
	if err := readControl(body, &in); err != nil {
		return nil, err
	}
	if in.Capacity == nil {
		return nil, badControl("capacity is missing")
	}
	return s.edit(in.ScaleSet, object{"sku": object{"capacity": json.Number(strconv.Itoa(*in.Capacity))}})
}

func (s *control) controlModel(body []byte, _ *http.Request) (any, error) {
	in, err := parseObject(body)
	if err != nil {
		return nil, badControl("reading the request: %v", err)
	}
	merge := objectAt(in, "merge")
	if merge == nil {
		return nil, badControl("merge is missing")
	}
	return s.edit(stringAt(in, "scaleSet"), merge)
}

// edit is a write of a scale set by somebody else, the same way that an ARM write goes.
func (s *control) edit(id string, body object) (any, error) {
	set, err := s.controlSet(id)
	if err != nil {
		return nil, err
	}
	r := &request{method: http.MethodPatch, header: http.Header{}, version: latestVersion, route: &route{name: opUpdate}}
	res, refusal := (&scaleSets{s.compute}).writeSet(r, set, body, opUpdate)
	if refusal != nil {
		return nil, &controlError{refusal.status, refusal.code + ": " + refusal.message}
	}
	return res.body, nil
}

func (s *control) controlHealth(body []byte, _ *http.Request) (any, error) {
	var in struct {
		ScaleSet string      `json:"scaleSet"`
		Instance instanceRef `json:"instance"`
		State    string      `json:"state"`
	}
	if err := readControl(body, &in); err != nil {
		return nil, err
	}
	inst, err := s.controlInstance(in.ScaleSet, in.Instance)
	if err != nil {
		return nil, err
	}
	told, known := map[string]health{
		"healthy": healthy, "unhealthy": unhealthy, "unknown": healthUnknown, "none": healthMissing,
	}[strings.ToLower(in.State)]
	if !known {
		return nil, badControl("state %q is none of healthy, unhealthy, unknown, none", in.State)
	}
	inst.told = toldHealth{health: told, told: true}
	inst.change(s.now, func(*state) {})
	if s.fleet != nil {
		s.fleet.SetSick(inst.key(), told == unhealthy)
	}
	return nil, nil
}

// controlRepair replaces an instance as automatic repairs do: by one of the latest model, under a new id.
func (s *control) controlRepair(body []byte, _ *http.Request) (any, error) {
	var in struct {
		ScaleSet string      `json:"scaleSet"`
		Instance instanceRef `json:"instance"`
	}
	if err := readControl(body, &in); err != nil {
		return nil, err
	}
	inst, err := s.controlInstance(in.ScaleSet, in.Instance)
	if err != nil {
		return nil, err
	}
	if inst.set.repairsOff {
		return nil, &controlError{http.StatusConflict, fmt.Sprintf("automatic repairs of scale set %q are suspended", in.ScaleSet)}
	}
	fresh := s.begin(byControl, inst.set, true, s.durations.Noop).replace(inst)
	return map[string]string{"instance": fresh.ref()}, nil
}
