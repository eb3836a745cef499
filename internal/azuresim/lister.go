package azuresim

// lister shows instances, one by one or in pages. It keeps the forms that lists are written by.
type lister struct {
	*registry
	pageSize  int
	forms     map[likeness]*form // nil: such an instance has none
	pageBytes int                // of the last list page that was written
}

const defaultPageSize = 100

func newLister(r *registry, pageSize int) *lister {
	if pageSize <= 0 {
		pageSize = defaultPageSize
	}
	return &lister{registry: r, pageSize: pageSize, forms: map[likeness]*form{}}
}
