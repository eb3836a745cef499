package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
)

const (
	manySets = 1000
	// maxMiB is the bound of issue 4 for a simulator that holds 1,000 scale sets of 1,000 instances.
	maxMiB = 1024.0
)

// measureMillion fills the simulator and looks at its memory from outside; its first scale set is there.
func measureMillion(ctx context.Context, s *simulator) error {
	for n := 1; n < manySets; n++ {
		if err := s.stage(ctx, n); err != nil {
			return err
		}
	}
	r := &reader{client: s.client}
	full, err := r.measure(ctx, s.firstPage(manySets/2, ""))
	if err != nil {
		return fmt.Errorf("listing instances among a million: %w", err)
	}
	now, peak, err := memory(ctx, s.command.Process.Pid)
	if err != nil {
		return fmt.Errorf("measuring the simulator's memory: %w", err)
	}
	fmt.Printf("figure: sim_list_1000_of_million_ms %.1f\n", full.all)
	fmt.Printf("figure: sim_million_instances_mib %.0f\n", now)
	if peak > 0 {
		fmt.Printf("figure: sim_million_instances_peak_mib %.0f\n", peak)
	}
	if worst := max(now, peak); worst > maxMiB {
		return fmt.Errorf("a simulator of %d instances takes %.0f MiB, more than %.0f", manySets*manyInstances, worst, maxMiB)
	}
	return nil
}

// memory returns the memory that a process has now, and the most it has had, in MiB; the latter is 0 where the system does not tell.
func memory(ctx context.Context, pid int) (now, peak float64, err error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil { // not Linux
		return memoryByPS(ctx, pid)
	}
	lines := bufio.NewScanner(bytes.NewReader(status))
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) != 3 || (fields[0] != "VmRSS:" && fields[0] != "VmHWM:") {
			continue
		}
		kib, err := strconv.ParseFloat(fields[1], 64)
		if err != nil {
			return 0, 0, fmt.Errorf("reading %s: %w", fields[0], err)
		}
		if fields[0] == "VmRSS:" {
			now = kib / 1024
		} else {
			peak = kib / 1024
		}
	}
	return now, peak, lines.Err()
}

func memoryByPS(ctx context.Context, pid int) (now, peak float64, err error) {
	out, err := exec.CommandContext(ctx, "ps", "-o", "rss=", "-p", strconv.Itoa(pid)).Output()
	if err != nil {
		return 0, 0, fmt.Errorf("asking ps: %w", err)
	}
	kib, err := strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
	return kib / 1024, 0, err
}
