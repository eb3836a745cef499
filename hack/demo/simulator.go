package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strconv"

	"github.com/vmss-rollouts/vmss-rollouts/hack/child"
)

const (
	// durationScale makes an upgrade by script take 1.5 s instead of the recorded 50 s.
	durationScale = "0.03"
	// usualMachinePort is where machines serve their page unless somebody has taken it for all of this computer's addresses.
	usualMachinePort = 8080
	resourceGroup    = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/shop-rg"
)

// simulator is the running Azure.
type simulator struct {
	process     *child.Child
	machinePort int
	// ARM and Control are its endpoints, as its ready file has them.
	ARM     string `json:"arm"`
	Control string `json:"control"`
}

// startSimulator starts the simulator and waits for its addresses.
func (st *stage) startSimulator(ctx context.Context) error {
	port, err := machinePort()
	if err != nil {
		return err
	}
	ready := st.file("azuresim.json")
	cmd := exec.Command(st.program("azuresim"), "--ready-file="+ready,
		// The scripts are our own and harmless, so they may run where they cannot be confined.
		"--fleet", "--allow-scripts", "--allow-unconfined-scripts",
		"--machine-port="+strconv.Itoa(port), "--duration-scale="+durationScale, "--retry-after=1s")
	cmd.Env = st.environment()
	process, err := child.Start(cmd, st.file("azuresim.log"))
	if err != nil {
		return err
	}
	st.azure = &simulator{process: process, machinePort: port}
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	err = process.Await(ctx, func(context.Context) error {
		text, err := os.ReadFile(ready)
		if err != nil {
			return err
		}
		return json.Unmarshal(text, st.azure)
	})
	if err != nil {
		return err
	}
	st.started("Azure (simulator)", st.azure.ARM)
	return nil
}

// machinePort is a port that is free at every address of this computer.
func machinePort() (int, error) {
	var err error
	for _, port := range []int{usualMachinePort, 0} {
		var l net.Listener
		if l, err = net.Listen("tcp4", net.JoinHostPort("0.0.0.0", strconv.Itoa(port))); err == nil {
			return l.Addr().(*net.TCPAddr).Port, l.Close()
		}
	}
	return 0, fmt.Errorf("finding a port for machines: %w", err)
}

// tell sends a request to the control endpoint and reads the answer into out, unless that is nil.
func (a *simulator) tell(ctx context.Context, method, path string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, method, a.Control+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	resp, err := direct.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("the simulator refuses %s %s: %s", method, path, text)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(text, out)
}

// scaleSet is a scale set of the stage and the load balancer in front of it.
type scaleSet struct {
	name, id string
	balancer string // URL
}

// machine is one instance, as the control endpoint shows it.
type machine struct {
	ID      string `json:"id"`
	Latest  bool   `json:"latest"`
	Address string `json:"address"`
}

// addScaleSet makes a scale set of 3 and a load balancer in front of it; image is an id, or publisher:offer:sku:version.
func (a *simulator) addScaleSet(ctx context.Context, name string, image map[string]string) (*scaleSet, error) {
	set := &scaleSet{name: name, id: resourceGroup + "/providers/Microsoft.Compute/virtualMachineScaleSets/" + name}
	body := map[string]any{"scaleSet": set.id, "capacity": instances, "zones": []string{"1", "2", "3"}, "mode": "Manual"}
	for key, value := range image {
		body[key] = value
	}
	if err := a.tell(ctx, http.MethodPut, "/scalesets", body, nil); err != nil {
		return nil, fmt.Errorf("making scale set %q: %w", name, err)
	}
	var opened struct{ Address string }
	err := a.tell(ctx, http.MethodPost, "/loadbalancers", map[string]any{"name": name, "scaleSet": set.id, "port": a.machinePort}, &opened)
	if err != nil {
		return nil, fmt.Errorf("making the load balancer of scale set %q: %w", name, err)
	}
	set.balancer = "http://" + opened.Address
	return set, nil
}

// addImage registers an image whose machines serve a page from their first start.
func (a *simulator) addImage(ctx context.Context, name, page string) (string, error) {
	id := resourceGroup + "/providers/Microsoft.Compute/images/" + name
	err := a.tell(ctx, http.MethodPut, "/images", map[string]any{"id": id, "files": map[string]string{"index.html": page + "\n"}}, nil)
	if err != nil {
		return "", fmt.Errorf("registering image %q: %w", name, err)
	}
	return id, nil
}

// machines lists a scale set's machines.
func (a *simulator) machines(ctx context.Context, set *scaleSet) ([]machine, error) {
	var list []machine
	if err := a.tell(ctx, http.MethodGet, "/instances?scaleSet="+url.QueryEscape(set.id), nil, &list); err != nil {
		return nil, fmt.Errorf("listing the machines of scale set %q: %w", set.name, err)
	}
	return list, nil
}

// url is where the machine serves its page.
func (a *simulator) url(m machine) string {
	return "http://" + net.JoinHostPort(m.Address, strconv.Itoa(a.machinePort))
}
