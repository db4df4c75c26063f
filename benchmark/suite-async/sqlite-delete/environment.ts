/** Chooses the database; mocha loads this file before any that imports the app. */

process.env['DATABASE_FILE'] ??= ':memory:';
