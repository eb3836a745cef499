package main

import (
	"context"
	"fmt"
)

// showAddresses lists the addresses of everything, for users who want to go on playing.
func (st *stage) showAddresses(ctx context.Context) {
	s := st.screen
	s.line("")
	s.line("%s", s.paint(bold, "==> Everything keeps running"))
	for _, at := range [][2]string{
		{"Kubernetes API", st.plane.Config.Host},
		{"Azure resource manager", st.azure.ARM},
		{"Azure behind the scenes", st.azure.Control},
		{"store of scripts", st.store.URL},
		{"manager's metrics", "http://" + st.manager.Metrics + "/metrics"},
		{"manager's health", "http://" + st.manager.Probes + "/readyz"},
	} {
		s.note("%-24s %s", at[0], at[1])
	}
	for _, set := range st.sets {
		s.note("%-24s %s", "load balancer "+set.name, set.balancer)
		list, err := st.azure.Instances(ctx, set.id)
		if err != nil {
			s.note("  %v", err)
		}
		for _, m := range list {
			s.note("%-24s %s", "  instance "+m.ID, st.azure.URL(m))
		}
	}
	s.note("%-24s %s", "manifests, logs", st.dir)
	s.line("")
	s.note("export KUBECONFIG=%s", st.plane.Kubeconfig)
	s.note("bin/k8s/kubectl get vmssr")
	if st.hold {
		s.note("bin/k8s/kubectl apply -f %s", st.file("manifests/web-v2-all.yaml"))
	}
	s.line("")
	s.note("Ctrl-C stops it all.")
}

// showLogs shows the ends of the logs, to help to find out what went wrong.
func (st *stage) showLogs() {
	const lines = 15
	show := func(name, tail string) {
		st.screen.line("")
		st.screen.line("%s", st.screen.paint(bold, fmt.Sprintf("==> The log of the %s ends", name)))
		st.screen.output(tail)
	}
	if st.azure != nil {
		show("simulator", st.azure.Tail(lines))
	}
	if st.manager != nil {
		show("manager", st.manager.Tail(lines))
	}
}
