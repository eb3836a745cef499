package testenv

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
	"path/filepath"
	"strconv"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/hack/subprocess"
)

// usualInstancePort is the port at which instances serve their page unless another program has taken it for all of this computer's
// addresses.
const usualInstancePort = 8080

// SimulatorOptions say how the simulator is run. Its instances run scripts, unconfined where they cannot be confined: the user who starts
// it has written them.
type SimulatorOptions struct {
	// Program is the binary, Dir a folder of its own for log and addresses, Env its whole environment.
	Program, Dir string
	Env          []string
	// Flags are added to those that every stage has.
	Flags []string
}

// Simulator is a running Azure.
type Simulator struct {
	*subprocess.Child
	// InstancePort is the port at which each instance serves its page.
	InstancePort int
	// ARM and Control are its endpoints, as its ready file has them.
	ARM     string `json:"arm"`
	Control string `json:"control"`
}

// StartSimulator starts the simulator and waits for its addresses. When it fails, nothing is left running.
func StartSimulator(ctx context.Context, o SimulatorOptions) (*Simulator, error) {
	port, err := freeInstancePort()
	if err != nil {
		return nil, err
	}
	ready := filepath.Join(o.Dir, "azuresim.json")
	cmd := exec.Command(o.Program, append([]string{
		"--ready-file=" + ready, "--fleet", "--allow-scripts", "--allow-unconfined-scripts", "--instance-port=" + strconv.Itoa(port),
	}, o.Flags...)...)
	cmd.Env = o.Env
	process, err := subprocess.Start(cmd, filepath.Join(o.Dir, "azuresim.log"))
	if err != nil {
		return nil, err
	}
	s := &Simulator{Child: process, InstancePort: port}
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	err = process.Await(ctx, func(context.Context) error {
		text, err := os.ReadFile(ready)
		if err != nil {
			return err
		}
		return json.Unmarshal(text, s)
	})
	if err != nil {
		process.Stop(StopGrace)
		return nil, err
	}
	return s, nil
}

// freeInstancePort returns a port that is free at every address of this computer.
func freeInstancePort() (int, error) {
	var err error
	for _, port := range []int{usualInstancePort, 0} {
		var l net.Listener
		if l, err = net.Listen("tcp4", net.JoinHostPort("0.0.0.0", strconv.Itoa(port))); err == nil {
			return l.Addr().(*net.TCPAddr).Port, l.Close()
		}
	}
	return 0, fmt.Errorf("finding a port for instances: %w", err)
}

// Tell sends a request to the control endpoint and reads the answer into out, unless that is nil.
func (s *Simulator) Tell(ctx context.Context, method, path string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, method, s.Control+path, bytes.NewReader(body))
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

// AddImage registers an image whose instances serve a page from their first start.
func (s *Simulator) AddImage(ctx context.Context, id, page string) error {
	err := s.Tell(ctx, http.MethodPut, "/images", map[string]any{"id": id, "files": map[string]string{"index.html": page + "\n"}}, nil)
	if err != nil {
		return fmt.Errorf("registering image %q: %w", id, err)
	}
	return nil
}

// Instance is one instance as it really is, as the control endpoint shows it.
type Instance struct {
	ID         string `json:"id"`
	VMID       string `json:"vmId"`
	Latest     bool   `json:"latest"`
	Upgrades   int    `json:"upgrades"`
	Reimages   int    `json:"reimages"`
	ScriptRuns int    `json:"scriptRuns"`
	State      string `json:"state"`
	Power      string `json:"power"`
	Address    string `json:"address"`
	Deleted    bool   `json:"deleted"`
}

// Instances lists a scale set's instances.
func (s *Simulator) Instances(ctx context.Context, setID string) ([]Instance, error) {
	var list []Instance
	if err := s.Tell(ctx, http.MethodGet, "/instances?scaleSet="+url.QueryEscape(setID), nil, &list); err != nil {
		return nil, fmt.Errorf("listing the instances of scale set %q: %w", setID, err)
	}
	return list, nil
}

// URL is the address at which the instance serves its page.
func (s *Simulator) URL(m Instance) string {
	return "http://" + net.JoinHostPort(m.Address, strconv.Itoa(s.InstancePort))
}

// Call is one that came to ARM.
type Call struct {
	Seq       int       `json:"seq"`
	Time      time.Time `json:"time"`
	Method    string    `json:"method"`
	Path      string    `json:"path"`
	Status    int       `json:"status"`
	Kind      string    `json:"kind"` // read, write or poll
	Operation string    `json:"operation"`
}

// Calls lists what came after a call; 0: everything.
func (s *Simulator) Calls(ctx context.Context, after int) ([]Call, error) {
	var list []Call
	if err := s.Tell(ctx, http.MethodGet, "/calls?since="+strconv.Itoa(after), nil, &list); err != nil {
		return nil, fmt.Errorf("listing the calls: %w", err)
	}
	return list, nil
}
