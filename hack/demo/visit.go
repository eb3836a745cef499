package main

import (
	"context"
	"fmt"
	"maps"
	"strings"

	"github.com/vmss-rollouts/vmss-rollouts/hack/testenv"
)

// rounds is how often each instance's turn comes when the load balancer is asked.
const rounds = 2

// look visits the load balancer and every instance. It fails unless each wanted page is served by as many instances as wanted, and the load
// balancer gives each instance its turn. fresh is the page to be highlighted.
func (st *stage) look(ctx context.Context, set *scaleSet, fresh string, want map[string]int) error {
	if err := st.askInstances(ctx, set, fresh, want); err != nil {
		return err
	}
	return st.askBalancer(ctx, set, fresh, want)
}

func (st *stage) askInstances(ctx context.Context, set *scaleSet, fresh string, want map[string]int) error {
	list, err := st.azure.Instances(ctx, set.id)
	if err != nil {
		return err
	}
	got := map[string]int{}
	for _, m := range list {
		page, err := testenv.Visit(ctx, st.azure.URL(m))
		if err != nil {
			return fmt.Errorf("visiting instance %s of scale set %q: %w", m.ID, set.name, err)
		}
		got[page]++
		st.showPages("instance "+m.ID, st.azure.URL(m), st.shade(page, fresh))
	}
	if !maps.Equal(got, want) {
		return fmt.Errorf("the instances of scale set %q serve %v, want %v", set.name, got, want)
	}
	return nil
}

func (st *stage) askBalancer(ctx context.Context, set *scaleSet, fresh string, want map[string]int) error {
	got, wanted := map[string]int{}, map[string]int{}
	for page, count := range want {
		wanted[page] = rounds * count
	}
	where := [2]string{"load balancer", set.balancer}
	for range rounds {
		var pages []string
		for range instances {
			page, err := testenv.Visit(ctx, set.balancer)
			if err != nil {
				return fmt.Errorf("visiting the load balancer of scale set %q: %w", set.name, err)
			}
			got[page]++
			pages = append(pages, st.shade(page, fresh))
		}
		st.showPages(where[0], where[1], pages...)
		where = [2]string{}
	}
	if !maps.Equal(got, wanted) {
		return fmt.Errorf("%d requests to the load balancer of scale set %q got %v, want %v", rounds*instances, set.name, got, wanted)
	}
	return nil
}

// showPages shows what was answered, in order.
func (st *stage) showPages(who, url string, pages ...string) {
	st.screen.note("%-14s %-24s %s", who, url, strings.Join(pages, " | "))
}

// shade highlights the fresh page.
func (st *stage) shade(page, fresh string) string {
	if page != fresh {
		return page
	}
	return st.screen.paint(green, page)
}
