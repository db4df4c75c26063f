it('is empty', () => {});
