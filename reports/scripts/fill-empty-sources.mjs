// A source without rows gets a line in Evidence's manifest but no Parquet file, and the build then stops at
// the missing file. Each such file is written here, without rows, with the columns that Evidence recorded.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';

const TEMPLATE = join('.evidence', 'template');
const SMALLEST_PARQUET_FILE = 12; // bytes: two marks and a length
const TYPES = { string: 'varchar', boolean: 'boolean', number: 'double', bigint: 'double', date: 'timestamp' };

const name = (text) => `"${text.replaceAll('"', '""')}"`;
const text = (value) => `'${value.replaceAll("'", "''")}'`;

const manifest = JSON.parse(readFileSync(join(TEMPLATE, 'static', 'data', 'manifest.json'), 'utf8'));
const files = Object.values(manifest.renderedFiles)
	.flat()
	.map((file) => join(TEMPLATE, file));
const missing = files.filter((file) => !existsSync(file) || statSync(file).size < SMALLEST_PARQUET_FILE);

const instance = await DuckDBInstance.create(':memory:');
const connection = await instance.connect();
for (const file of missing) {
	const columns = JSON.parse(readFileSync(file.replace(/\.parquet$/, '.schema.json'), 'utf8'));
	const nulls = columns.map((column) => {
		const type = TYPES[column.evidenceType];
		if (!type) throw new Error(`${file}: column ${column.name} has the unknown type ${column.evidenceType}`);
		return `cast(null as ${type}) as ${name(column.name)}`;
	});
	await connection.run(`copy (select ${nulls.join(', ')} limit 0) to ${text(file)} (format parquet)`);
	console.log(`no rows: ${file}`);
}
connection.closeSync();
