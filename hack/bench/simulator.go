package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// simulator is a process of its own, as people run it: what it holds is seen from outside.
type simulator struct {
	command *exec.Cmd
	ended   chan error
	where   struct{ ARM, Control string }
	client  *http.Client
}

// startSimulator builds the simulator into a directory and runs it there.
func startSimulator(ctx context.Context, dir string) (*simulator, error) {
	binary, ready := filepath.Join(dir, "azuresim"), filepath.Join(dir, "ready.json")
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", binary, "./hack/azuresim").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("building the simulator: %w\n%s", err, out)
	}
	s := &simulator{
		command: exec.CommandContext(ctx, binary, "--ready-file", ready), ended: make(chan error, 1),
		client: &http.Client{Transport: &http.Transport{ReadBufferSize: 256 << 10}},
	}
	if err := s.command.Start(); err != nil {
		return nil, fmt.Errorf("starting the simulator: %w", err)
	}
	go func() { s.ended <- s.command.Wait() }()
	return s, s.await(ready)
}

// await reads the ready file once it is there.
func (s *simulator) await(ready string) error {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for range 1000 {
		select {
		case err := <-s.ended:
			return fmt.Errorf("the simulator ended: %w", err)
		case <-tick.C:
		}
		text, err := os.ReadFile(ready)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return fmt.Errorf("reading where the simulator is: %w", err)
		}
		return json.Unmarshal(text, &s.where)
	}
	return errors.New("the simulator does not get ready")
}

func (s *simulator) stop() error {
	if err := s.command.Process.Signal(os.Interrupt); err != nil {
		return fmt.Errorf("ending the simulator: %w", err)
	}
	return <-s.ended
}

// setID is the nth scale set of many.
func setID(n int) string {
	return fmt.Sprintf("/subscriptions/%s/resourceGroups/%s/providers/Microsoft.Compute/virtualMachineScaleSets/web-%d",
		scaleSet.SubscriptionID, scaleSet.ResourceGroup, n)
}

// stagingOf asks the control endpoint for a scale set of 1,000 as large ones are: over zones, with health and a script.
func stagingOf(n int) ([]byte, error) {
	return json.Marshal(map[string]any{
		"scaleSet": setID(n), "capacity": manyInstances, "zones": []string{"1", "2", "3"}, "health": "extension",
		"script": map[string]string{"command": "bash v1.sh"},
	})
}

func (s *simulator) stage(ctx context.Context, n int) error {
	body, err := stagingOf(n)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPut, s.where.Control+"/scalesets", bytes.NewReader(body))
	if err != nil {
		return err
	}
	response, err := s.client.Do(request)
	if err != nil {
		return fmt.Errorf("making scale set %d: %w", n, err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		return fmt.Errorf("making scale set %d: %s %s: %w", n, response.Status, text, err)
	}
	return nil
}

// firstPage is where the list of a scale set's instances begins.
func (s *simulator) firstPage(n int, options string) string { return s.where.ARM + listOf(n, options) }

func listOf(n int, options string) string {
	return setID(n) + "/virtualMachines?api-version=2025-04-01" + options
}
