package control

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/compute"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/faults"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/guest"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/kernel"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/operations"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/render"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/vmprofile"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/vmss"
)

func (s *Endpoint) controlImage(body []byte, _ *http.Request) (any, error) {
	var in struct {
		ID          string            `json:"id"`
		Files       map[string]string `json:"files"`
		Marketplace string            `json:"marketplace"`
		Version     string            `json:"version"`
		DiskSizeGB  int               `json:"diskSizeGB"`
		Generation  string            `json:"hyperVGeneration"`
		Security    string            `json:"securityType"`
		Regions     []string          `json:"regions"`
	}
	if err := readControl(body, &in); err != nil {
		return nil, err
	}
	if in.Marketplace != "" {
		return nil, s.Publish(in.Marketplace, in.Version)
	}
	if in.ID == "" {
		return nil, badControl("an image needs an id")
	}
	if in.Generation != "" && in.Generation != "V1" && in.Generation != "V2" {
		return nil, badControl("hyperVGeneration is V1 or V2")
	}
	image := guest.Image{ID: in.ID, Files: map[string][]byte{}, DiskSizeGB: in.DiskSizeGB, Generation: in.Generation, Security: in.Security,
		Regions: in.Regions}
	for name, text := range in.Files {
		image.Files[name] = []byte(text)
	}
	s.Images[strings.ToLower(in.ID)] = image
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
	Tags          tree.Object     `json:"tags"`
}

// stagedScript takes our names and those of the extension's settings.
type stagedScript struct {
	URIs             []string `json:"uris"`
	Command          string   `json:"command"`
	FileURIs         []string `json:"fileUris"`
	CommandToExecute string   `json:"commandToExecute"`
}

func (s *Endpoint) controlScaleSet(body []byte, _ *http.Request) (any, error) {
	var in stagedSet
	if err := readControl(body, &in); err != nil {
		return nil, err
	}
	id, err := setIDOf(in.ScaleSet)
	if err != nil {
		return nil, err
	}
	if s.Sets[id.Key()] != nil {
		return nil, &controlError{http.StatusConflict, fmt.Sprintf("scale set %q exists", in.ScaleSet)}
	}
	written, err := in.body(id.Name)
	if err != nil {
		return nil, err
	}
	c, refusal := s.PlanWrite(nil, written, nil, latestVersion)
	if refusal == nil {
		refusal = vmprofile.CheckLimit(id.Name, c)
	}
	if refusal != nil {
		return nil, badControl("%s: %s", refusal.Code, refusal.Message)
	}
	set := s.Create(id, c)
	s.atOnce(func() { set.FillNew(operations.ByControl) })
	return render.SetBody(set, latestVersion), nil
}

// latestVersion shows everything there is.
const latestVersion arm.APIVersion = "2026-04-01"

// atOnce lets everything that begin starts take no time.
func (s *Endpoint) atOnce(begin func()) {
	was, delay := s.Durations, s.Switches.HealthDelaySeconds
	s.Durations, s.Switches.HealthDelaySeconds = kernel.Durations{Scale: 1}, 0
	begin()
	s.Durations = was
	s.CatchUp()
	s.Switches.HealthDelaySeconds = delay
}

// body is the ARM body of a staged scale set.
func (in stagedSet) body(name string) (tree.Object, error) {
	image, err := in.imageReference()
	if err != nil {
		return nil, err
	}
	profile := tree.Object{
		"osProfile":      tree.Object{"computerNamePrefix": prefixOf(name), "adminUsername": "azureuser"},
		"storageProfile": tree.Object{"imageReference": image},
		"networkProfile": in.network(name),
	}
	extensions, err := in.extensions()
	if err != nil {
		return nil, err
	}
	if len(extensions) > 0 {
		profile["extensionProfile"] = tree.Object{"extensions": extensions}
	}
	properties := tree.Object{
		"orchestrationMode":     cmp.Or(in.Orchestration, vmprofile.Uniform),
		"upgradePolicy":         tree.Object{"mode": cmp.Or(in.Mode, "Manual")},
		"virtualMachineProfile": profile,
	}
	if !strings.EqualFold(in.Orchestration, vmprofile.Flexible) {
		properties["overprovision"] = in.Overprovision
		if in.Capacity > vmprofile.MaxOfGroup {
			properties["singlePlacementGroup"] = false
		}
	}
	body := tree.Object{
		"location":   cmp.Or(in.Location, "eastus"),
		"sku":        tree.Object{"name": "Standard_D2s_v3", "tier": "Standard", "capacity": json.Number(strconv.Itoa(in.Capacity))},
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
func (in stagedSet) imageReference() (tree.Object, error) {
	if in.Image != "" {
		return tree.Object{"id": in.Image}, nil
	}
	if len(in.Marketplace) == 0 {
		return tree.Object{"publisher": "Canonical", "offer": "0001-com-ubuntu-server-jammy", "sku": "22_04-lts-gen2", "version": "latest"}, nil
	}
	if ref, err := tree.ParseObject(in.Marketplace); err == nil {
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
	return tree.Object{"publisher": parts[0], "offer": parts[1], "sku": parts[2], "version": parts[3]}, nil
}

func (in stagedSet) network(name string) tree.Object {
	network := tree.Object{"networkInterfaceConfigurations": []any{tree.Object{
		"name": name, "properties": tree.Object{"primary": true, "ipConfigurations": []any{tree.Object{
			"name": name, "properties": tree.Object{"subnet": tree.Object{"id": in.network1("virtualNetworks/vnet/subnets/default")}},
		}}},
	}}}
	if in.Health == "probe" {
		network["healthProbe"] = tree.Object{"id": in.network1("loadBalancers/lb/probes/http")}
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
		list = append(list, tree.Object{"name": "HealthExtension", "properties": tree.Object{
			"publisher": "Microsoft.ManagedServices", "type": "ApplicationHealthLinux", "typeHandlerVersion": "1.0",
			"autoUpgradeMinorVersion": true,
			"settings":                tree.Object{"protocol": "http", "port": json.Number("8080"), "requestPath": "/"},
		}})
	case "", "none", "probe":
	default:
		return nil, badControl("health %q is none of extension, probe, none", in.Health)
	}
	if in.Script != nil {
		list = append(list, tree.Object{"name": "CustomScript", "properties": tree.Object{
			"publisher": "Microsoft.Azure.Extensions", "type": "CustomScript", "typeHandlerVersion": "2.1",
			"autoUpgradeMinorVersion": true, "settings": in.Script.settings(),
		}})
	}
	return list, nil
}

func (in stagedScript) settings() tree.Object {
	settings := tree.Object{"commandToExecute": cmp.Or(in.Command, in.CommandToExecute)}
	var uris []any
	for _, u := range append(in.URIs, in.FileURIs...) {
		uris = append(uris, u)
	}
	if uris != nil {
		settings["fileUris"] = uris
	}
	return settings
}

// controlAttach attaches a virtual machine to a Flexible set, which did not make it.
func (s *Endpoint) controlAttach(body []byte, _ *http.Request) (any, error) {
	var in struct {
		ScaleSet string `json:"scaleSet"`
		Name     string `json:"name"`
		Image    string `json:"image"`
	}
	if err := readControl(body, &in); err != nil {
		return nil, err
	}
	set, err := s.controlSet(in.ScaleSet)
	if err != nil {
		return nil, err
	}
	if !set.IsFlexible() || in.Name == "" || set.Find(in.Name) != nil {
		return nil, badControl("scale set %q is not Flexible, or %q is no new name", in.ScaleSet, in.Name)
	}
	image, err := stagedSet{Image: in.Image}.imageReference()
	if err != nil {
		return nil, err
	}
	inst := set.Attach(in.Name, tree.Object{
		"osProfile":      tree.Object{"computerNamePrefix": prefixOf(in.Name), "adminUsername": "azureuser"},
		"storageProfile": tree.Object{"imageReference": image},
	})
	return map[string]string{"instance": inst.Ref()}, nil
}

func (s *Endpoint) controlScale(body []byte, _ *http.Request) (any, error) {
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
	return s.edit(in.ScaleSet, tree.Object{"sku": tree.Object{"capacity": json.Number(strconv.Itoa(*in.Capacity))}})
}

func (s *Endpoint) controlModel(body []byte, _ *http.Request) (any, error) {
	in, err := tree.ParseObject(body)
	if err != nil {
		return nil, badControl("reading the request: %v", err)
	}
	merge := tree.ObjectAt(in, "merge")
	if merge == nil {
		return nil, badControl("merge is missing")
	}
	return s.edit(tree.StringAt(in, "scaleSet"), merge)
}

// edit is a write of a scale set by another client, by the same code as an ARM write.
func (s *Endpoint) edit(id string, body tree.Object) (any, error) {
	set, err := s.controlSet(id)
	if err != nil {
		return nil, err
	}
	r := &arm.Request{Method: http.MethodPatch, Header: http.Header{}, Version: latestVersion, Route: &arm.Route{Name: arm.OpUpdate}}
	res, refusal := (&compute.ScaleSets{Provider: s.Provider}).WriteSet(r, set, body, arm.OpUpdate)
	if refusal != nil {
		return nil, &controlError{refusal.Status, refusal.Code + ": " + refusal.Message}
	}
	return res.Body, nil
}

func (s *Endpoint) controlHealth(body []byte, _ *http.Request) (any, error) {
	var in struct {
		ScaleSet string             `json:"scaleSet"`
		Instance faults.InstanceRef `json:"instance"`
		State    string             `json:"state"`
	}
	if err := readControl(body, &in); err != nil {
		return nil, err
	}
	inst, err := s.controlInstance(in.ScaleSet, in.Instance)
	if err != nil {
		return nil, err
	}
	health, known := map[string]vmss.Health{
		"healthy": vmss.Healthy, "unhealthy": vmss.Unhealthy, "unknown": vmss.HealthUnknown, "none": vmss.HealthMissing,
	}[strings.ToLower(in.State)]
	if !known {
		return nil, badControl("state %q is none of healthy, unhealthy, unknown, none", in.State)
	}
	inst.HealthOverride = vmss.HealthOverride{Health: health, Set: true}
	inst.Change(s.Now, func(*vmss.State) {})
	if s.Fleet != nil {
		s.Fleet.SetSick(inst.Key(), health == vmss.Unhealthy)
	}
	return nil, nil
}

// controlRepair replaces an instance as automatic repairs do: by one of the latest model, under a new id.
func (s *Endpoint) controlRepair(body []byte, _ *http.Request) (any, error) {
	var in struct {
		ScaleSet string             `json:"scaleSet"`
		Instance faults.InstanceRef `json:"instance"`
	}
	if err := readControl(body, &in); err != nil {
		return nil, err
	}
	inst, err := s.controlInstance(in.ScaleSet, in.Instance)
	if err != nil {
		return nil, err
	}
	if inst.Set.RepairsOff {
		return nil, &controlError{http.StatusConflict, fmt.Sprintf("automatic repairs of scale set %q are suspended", in.ScaleSet)}
	}
	fresh := s.Begin(operations.ByControl, inst.Set, true, s.Durations.Noop).Replace(inst)
	return map[string]string{"instance": fresh.Ref()}, nil
}

// controlExtensions publishes another version of what is in the extensions, which Azure rolls out by itself where they are upgraded
// automatically.
func (s *Endpoint) controlExtensions(body []byte, _ *http.Request) (any, error) {
	var in struct {
		ScaleSet string `json:"scaleSet"`
	}
	if err := readControl(body, &in); err != nil {
		return nil, err
	}
	set, err := s.controlSet(in.ScaleSet)
	if err != nil {
		return nil, err
	}
	if !set.UpgradeExtensionsItself() {
		return nil, &controlError{http.StatusConflict, fmt.Sprintf("no extension of scale set %q has enableAutomaticUpgrade", in.ScaleSet)}
	}
	return nil, nil
}
